import CLinux
import Glibc

/// The private server's own log, read for why it fell or does not come up: a full disk, mostly.
struct ServerLog: Sendable {
    /// The newest complaints are told; the rest stands in the file.
    private static let mostComplaints = 3
    private static let mostBytes = 65_536

    let path: String
    private var seenBytes: Int

    /// What stands there already is of earlier days.
    init(_ path: String) {
        self.path = path
        seenBytes = Self.size(path)
    }

    var hasGrown: Bool { Self.size(path) != seenBytes }

    /// What was complained of since the last call. Blocks.
    mutating func complaints() -> [String] {
        let size = Self.size(path)
        defer { seenBytes = size }
        // A file that is shorter than it was is a new one.
        let first = max(size < seenBytes ? 0 : seenBytes, size - Self.mostBytes)
        guard size > first, let file = fopen(path, "re") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: size - first)
        guard fseek(file, first, SEEK_SET) == 0 else { return [] }
        let count = fread(&bytes, 1, bytes.count, file)
        let lines = String(decoding: bytes[..<count], as: UTF8.self).split { $0.isNewline }
        var found: [String] = []
        for complaint in lines.compactMap({ Self.complaint(String($0)) }) where !found.contains(complaint) {
            found.append(complaint)
        }
        return found.suffix(Self.mostComplaints)
    }

    private static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Of `2026-01-05 08:00:00.000 UTC [4711] PANIC:  could not …`, or of initdb. A refused session is no
    /// trouble of the server, and neither is a statement that failed, but for what the system would not do.
    static func complaint(_ line: String) -> String? {
        if line.hasPrefix("initdb: error: ") { return line }
        for severity in ["PANIC", "FATAL", "ERROR"] {
            guard let mark = line.firstRange(of: "] \(severity):  ") else { continue }
            let words = String(line[mark.upperBound...])
            let isTrouble =
                switch severity {
                case "PANIC": true
                case "FATAL": !Self.ofSessions.contains { words.hasPrefix($0) }
                default: words.hasPrefix("could not ")
                }
            return isTrouble ? "\(severity): \(words)" : nil
        }
        return nil
    }

    private static let ofSessions = [
        "the database system is", "terminating ", "connection ", "password authentication", "database \"",
        "canceling ", "sorry, too many", "remaining connection slots",
    ]
}
