import CLinux
import Glibc
import Kernel

/// The connections of one pool, as their sockets: which of them may carry what must be sent once.
///
/// libcurl names a connection to us by its two ends alone, so each socket is found by them.
final class OpenLines {
    /// A connection's two ends.
    struct Ends: Hashable {
        let local: IPAddress
        let localPort: UInt16
        let remote: IPAddress
        let remotePort: UInt16
    }

    private struct Line {
        /// Known from its first request on.
        var ends: Ends?
        /// Monotonic nanoseconds at the end of its last complete answer.
        var answeredAt: UInt64?
    }

    private let clock: Clock
    /// How long after an answer a connection still counts as proven.
    private let provenFor: Period
    private var lines: [Int32: Line] = [:]
    private var descriptors: [Ends: Int32] = [:]

    init(clock: Clock, provenFor: Period) { (self.clock, self.provenFor) = (clock, provenFor) }

    func opened(_ descriptor: Int32) { lines[descriptor] = Line() }

    func close(_ descriptor: Int32) -> Int32 {
        if let ends = lines.removeValue(forKey: descriptor)?.ends { descriptors[ends] = nil }
        return Glibc.close(descriptor)
    }

    /// A whole answer came on it.
    func answered(_ ends: Ends) {
        guard let descriptor = descriptors[ends] else { return }
        lines[descriptor]?.answeredAt = clock.monotonicNanoseconds()
    }

    /// Whether a request that nobody may repeat may go out here: the connection was just opened for it, or a
    /// whole answer came on it a moment ago and nothing since, neither an end of stream nor a byte that
    /// nobody asked for and that would be taken for the answer.
    /// - Parameter candidates: sockets that this request had opened.
    func mayCarryOnce(_ ends: Ends, openedFor candidates: [Int32]) -> Bool {
        if let descriptor = descriptors[ends] { return isProven(descriptor) }
        return meet(ends, candidates)
    }

    /// Remembers a new connection's ends. False: its socket is not among ours.
    @discardableResult
    func meet(_ ends: Ends, _ candidates: [Int32]) -> Bool {
        guard descriptors[ends] == nil else { return true }
        guard
            let descriptor = candidates.first(where: { descriptor in
                lines[descriptor].map { $0.ends == nil } == true
                    && Self.port(of: descriptor) == ends.localPort
            })
        else { return false }
        lines[descriptor]?.ends = ends
        descriptors[ends] = descriptor
        return true
    }

    private func isProven(_ descriptor: Int32) -> Bool {
        guard let answeredAt = lines[descriptor]?.answeredAt else { return false }
        let age = clock.monotonicNanoseconds() &- answeredAt
        return Int64(clamping: age) <= provenFor.nanoseconds && Self.isQuiet(descriptor)
    }

    /// Nothing waits to be read: no end, no error, no bytes.
    private static func isQuiet(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        return count < 0 && errno == EAGAIN
    }

    /// Of our end.
    private static func port(of descriptor: Int32) -> UInt16? {
        var name = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let isNamed = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &length) == 0
            }
        }
        // The port stands at one place in the addresses of both families.
        return isNamed ? UInt16(bigEndian: name.sin6_port) : nil
    }
}
