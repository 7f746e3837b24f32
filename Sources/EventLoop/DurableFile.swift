import CLinux
import Glibc

/// A file of this process's own that is added to, and that is on the disk when it says so. Everything here
/// blocks: use it off the loops.
public final class DurableFile: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// A new file that only its owner may read, locked until it is let go; its name, too, is on the disk.
    public static func create(_ path: String) throws(SystemError) -> DurableFile {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let file = DurableFile(try SystemError.check("open") { klinux_open(path, flags, 0o600) })
        try file.lock()
        try syncFolder(of: path)
        return file
    }

    /// A file that is there, and that nobody else holds; nil when somebody does.
    public static func take(_ path: String) throws(SystemError) -> DurableFile? {
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW
        let file = DurableFile(try SystemError.check("open") { klinux_open(path, flags, 0) })
        do throws(SystemError) {
            try file.lock()
        } catch  where error.code == EWOULDBLOCK {
            return nil
        }
        return file
    }

    private func lock() throws(SystemError) {
        try SystemError.check("flock") { flock(descriptor, LOCK_EX | LOCK_NB) }
    }

    public func append(_ bytes: [UInt8]) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw SystemError(call: "write", code: errno) }
            rest = rest.dropFirst(written)
        }
    }

    /// Returns once everything that was added is on the disk.
    public func sync() throws(SystemError) { try SystemError.check("fdatasync") { fdatasync(descriptor) } }

    /// All of it, from the beginning; nil when it is longer than that.
    public func contents(atMost limit: Int) throws(SystemError) -> [UInt8]? {
        var (bytes, piece) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
        while bytes.count <= limit {
            let count = pread(descriptor, &piece, piece.count, bytes.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError(call: "pread", code: errno) }
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
        return nil
    }
}

// MARK: Folders

extension DurableFile {
    /// A folder that only its owner may enter, made when it is missing, and what it lies in.
    public static func makeFolder(_ path: String) throws(SystemError) {
        if mkdir(path, 0o700) == 0 { return try syncFolder(of: path) }
        let code = errno
        if code == EEXIST { return }
        guard code == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw SystemError(call: "mkdir", code: code)
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw SystemError(call: "mkdir", code: errno)
        }
        try syncFolder(of: path)
    }

    /// Names in a folder, sorted; none when there is no folder.
    public static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    public static func move(_ path: String, to other: String) throws(SystemError) {
        try SystemError.check("rename") { rename(path, other) }
        try syncFolder(of: other)
    }

    public static func remove(_ path: String) { unlink(path) }

    private static func syncFolder(of path: String) throws(SystemError) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = try SystemError.check("open") {
            klinux_open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        }
        defer { close(descriptor) }
        try SystemError.check("fsync") { fsync(descriptor) }
    }
}
