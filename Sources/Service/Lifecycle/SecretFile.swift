import CLinux
import EventLoop
import Glibc

/// A small file that only its owner may read, written whole or not at all.
enum SecretFile {
    static func write(_ text: String, to path: String) throws(SystemError) {
        let draft = "\(path).\(getpid())"
        unlink(draft)
        let descriptor = try SystemError.check("open") {
            klinux_open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        }
        let bytes = Array((text + "\n").utf8)
        let written = Glibc.write(descriptor, bytes, bytes.count)
        let isSafe = written == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isSafe else { throw SystemError(call: "write", code: errno) }
        try SystemError.check("rename") { rename(draft, path) }
    }

    /// Makes a folder and its missing parents. Root's may be passed through (0711), since the cluster inside
    /// belongs to another user.
    static func makeFolder(_ path: String) throws(SystemError) {
        let mode: mode_t = geteuid() == 0 ? 0o711 : 0o700
        var partial = ""
        for part in path.split(separator: "/") {
            partial += "/\(part)"
            if mkdir(partial, mode) == 0 {
                // Whatever the umask says: a folder that the cluster's user cannot pass is of no use.
                chmod(partial, mode)
            } else if errno != EEXIST {
                throw SystemError(call: "mkdir", code: errno)
            }
        }
    }

    static func read(_ path: String, limit: Int = 1 << 20) throws(SystemError) -> String {
        let descriptor = try SystemError.check("open") { klinux_open(path, O_RDONLY | O_CLOEXEC, 0) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let got = Glibc.read(descriptor, &bytes[count], limit - count)
            if got < 0 { throw SystemError(call: "read", code: errno) }
            if got == 0 { break }
            count += got
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Others may read it, and its owner, who runs this, can change that. What an orchestrator mounts belongs
    /// to somebody else.
    static func isOursAndOpen(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_uid == geteuid() && status.st_mode & 0o077 != 0
    }

    static func remove(_ path: String) { unlink(path) }
}
