import Audit
import CLinux
import EventLoop
import Glibc

/// An exported trail on disk. Reads block: off the loop.
struct TrailFile {
    private static let pieceBytes = 64 * 1_024

    let path: String

    /// - Parameter each: gets every entry, sound or not; the verdict comes at the end.
    func verify(
        pin: CheckpointPin? = nil, each: @escaping (ChainEntry) -> Void = { _ in }
    ) throws -> AuditReport {
        let descriptor = try SystemError.check("open") { klinux_open(path, O_RDONLY | O_CLOEXEC, 0) }
        defer { close(descriptor) }
        return try AuditVerifyCommand.verify(pin: pin, each: each) { try Self.read(descriptor) }
    }

    private static func read(_ descriptor: Int32) throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: pieceBytes)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        if count < 0 { throw SystemError(call: "read", code: errno) }
        return count == 0 ? nil : Array(bytes.prefix(count))
    }
}
