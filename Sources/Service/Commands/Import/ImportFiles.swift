import CLinux
import Crypto
import EventLoop
import Glibc
import KeyFiles

/// Files into guarded memory.
enum ImportFiles {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func read(_ paths: [String], _ format: KeyFileFormat?) throws -> [KeyFile] {
        let given = try paths.map { KeyFile(name: $0, content: try content($0, KeyFile.bytesAtMost)) }
        let isGiven = paths.contains { $0.hasSuffix(".password_verification") }
        guard !isGiven, format == nil || format == .hummingbot, let check = verification(paths) else {
            return given
        }
        return given + [KeyFile(name: check, content: try content(check, KeyFile.bytesAtMost))]
    }

    /// hummingbot keeps it in conf, the connectors in conf/connectors.
    private static func verification(_ paths: [String]) -> String? {
        let isSealed = { (path: String) in path.hasSuffix(".yml") || path.hasSuffix(".json") }
        let folders = paths.filter(isSealed).map { path -> Substring in
            path.lastIndex(of: "/").map { path[...$0] } ?? ""
        }
        let places: [String] = folders.flatMap { folder in
            ["", "../"].map { "\(folder)\($0).password_verification" }
        }
        return places.first { access($0, R_OK) == 0 }
    }

    /// An access token: the file's first line.
    static func line(_ path: String) throws -> TypedSecret {
        try content(path, 4_096).withBytes { try TypedSecret($0) }
    }

    private static func content(_ path: String, _ limit: Int) throws -> Secret {
        let name = Printable.text(path)
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        defer { bytes.wipe() }
        let count: Int
        do throws(SystemError) {
            count = try fill(&bytes, from: path)
        } catch {
            throw Failure(description: "\(name): \(error)")
        }
        guard count <= limit else { throw Failure(description: "\(name) is longer than \(limit) bytes") }
        return try Secret(count: count) { memory in memory.copyBytes(from: bytes[..<count]) }
    }

    private static func fill(_ bytes: inout [UInt8], from path: String) throws(SystemError) -> Int {
        let descriptor = try SystemError.check("open") { klinux_open(path, O_RDONLY | O_CLOEXEC, 0) }
        defer { close(descriptor) }
        var count = 0
        while count < bytes.count {
            let got = Glibc.read(descriptor, &bytes[count], bytes.count - count)
            if got < 0 { throw SystemError(call: "read", code: errno) }
            if got == 0 { break }
            count += got
        }
        return count
    }
}

/// A line that somebody typed, or the first of a file, without its end.
final class TypedSecret: Sendable {
    let secret: Secret

    init(_ bytes: UnsafeRawBufferPointer) throws {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        secret = try Secret(copying: UnsafeRawBufferPointer(rebasing: line))
    }
}
