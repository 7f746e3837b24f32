import CLinux
import Glibc

/// A running server, known by its pid file (`postmaster.pid`; its lines are described in PostgreSQL's
/// pidfile.h).
struct Postmaster: Sendable {
    let pid: Int32
    let dataFolder: String
    let isReady: Bool

    /// The live server of this data folder; nil when there is none, or the file is a leftover.
    static func live(in dataFolder: String) -> Postmaster? {
        guard let text = readSmallFile("\(dataFolder)/postmaster.pid") else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count >= 2, let pid = Int32(lines[0]), pid > 1, lines[1] == dataFolder else { return nil }
        let isReady = lines.count >= 8 && lines[7].hasPrefix("ready")
        let postmaster = Postmaster(pid: pid, dataFolder: dataFolder, isReady: isReady)
        return postmaster.isAlive ? postmaster : nil
    }

    /// Its working folder is its data folder: a pid that was given to another program does not deceive us.
    var isAlive: Bool {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/\(pid)/cwd", &buffer, buffer.count - 1)
        guard count > 0 else { return false }
        let folder = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return folder == resolvedPath(dataFolder)
    }

    /// Sessions are ended, transactions undone, everything is written: PostgreSQL's "fast" shutdown.
    func stopFast() { kill(pid, SIGINT) }

    /// Without writing: the next start recovers.
    func stopImmediately() { kill(pid, SIGQUIT) }
}

/// A file of at most 64 KiB as text; nil when it cannot be read.
func readSmallFile(_ path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
}

/// Without symbolic links.
func resolvedPath(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
}
