import CLinux
import Crypto
import EventLoop
import Glibc

/// Shares as files, one each: private from the first byte, and never in the place of another file.
enum ShareFiles {
    struct Failure: Error, CustomStringConvertible {
        let path: String
        let cause: any Error
        var description: String { "\(path): \(cause)" }
    }

    /// All or none: what was written before a failure is removed.
    static func write(_ shares: [KeyShare], into folder: String) throws {
        if mkdir(folder, 0o700) != 0 && errno != EEXIST {
            throw Failure(path: folder, cause: SystemError(call: "mkdir", code: errno))
        }
        var written: [String] = []
        for share in shares {
            let path = "\(folder)/\(name(of: share))"
            do {
                try write(share, to: path) { written.append(path) }
            } catch {
                for path in written { unlink(path) }
                throw Failure(path: path, cause: error)
            }
        }
    }

    private static func write(_ share: KeyShare, to path: String, afterCreating: () -> Void) throws {
        let descriptor = try SystemError.check("open") {
            klinux_open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        defer { close(descriptor) }
        afterCreating()
        let count = try share.withTextLine { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count == KeyShare.textBytes + 1, fsync(descriptor) == 0 else {
            throw SystemError(call: "write", code: errno)
        }
    }

    static func name(of share: KeyShare) -> String {
        "keybell-share-\(share.set)-\(share.index)-of-\(share.quorum.count)"
    }

    typealias Reading = Result<KeyShare, KeyShareError>

    /// What each line of a file is that is not blank.
    static func read(_ path: String) throws -> [Reading] {
        do {
            let descriptor = try SystemError.check("open") { klinux_open(path, O_RDONLY | O_CLOEXEC, 0) }
            defer { close(descriptor) }
            return try read(Input(descriptor))
        } catch {
            throw Failure(path: path, cause: error)
        }
    }

    static func read(_ input: Input) throws -> [Reading] {
        try lines(input) { KeyShare.reading($0) }
    }

    /// What stands in each line that is not blank; the bytes are wiped after.
    static func lines<Line>(
        _ input: Input, _ read: (UnsafeRawBufferPointer) -> Line
    ) throws -> [Line] {
        var bytes = [UInt8](repeating: 0, count: maximumBytes)
        defer { bytes.wipe() }
        return try bytes.withUnsafeMutableBytes { buffer in
            var count = 0
            while count < buffer.count {
                let got = try input.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
                if got == 0 { break }
                count += got
            }
            return UnsafeRawBufferPointer(rebasing: buffer[..<count]).split(separator: UInt8(ascii: "\n"))
                .filter { line in line.contains { $0 > 0x20 } }
                .map { line in read(UnsafeRawBufferPointer(rebasing: line)) }
        }
    }

    /// Sixteen shares take 1.2 kB; what is longer is something else.
    private static let maximumBytes = 16 * 1_024
}

extension KeyShare {
    static func reading(_ text: UnsafeRawBufferPointer) -> ShareFiles.Reading {
        Result { () throws(KeyShareError) in try KeyShare(text: text) }
    }
}
