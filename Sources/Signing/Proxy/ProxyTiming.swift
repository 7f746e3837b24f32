package import HTTPServer
package import Kernel

/// Where the time of a proxied request went: in line for a batch (and, where an exchange wants one after
/// another, for the key), in the batch until its commit, at the exchange.
package final class ProxyTiming {
    private static let header: HeaderName = "server-timing"

    private let clock: Clock
    private let received: UInt64
    private let receivedAt: Timestamp
    /// In microseconds, once it is decided.
    private var queue: UInt64?
    private var committed: UInt64 = 0

    init(_ clock: Clock) {
        self.clock = clock
        received = clock.monotonicNanoseconds()
        receivedAt = clock.now()
    }

    /// - Parameter batch: when its batch began.
    func decided(in batch: Timestamp) {
        committed = clock.monotonicNanoseconds()
        // The clock of the calendar may be set meanwhile; the whole is measured by the other.
        let whole = (committed &- received) / 1_000
        queue = min(UInt64(max((batch - receivedAt).microseconds, 0)), whole)
    }

    /// What comes back, and a refusal too, says where its time went.
    nonisolated(nonsending) func told(_ answer: () async throws -> Response) async throws -> Response {
        do {
            return try await answer().header(Self.header, text)
        } catch var problem as Problem {
            problem.headers.append((Self.header, text))
            throw problem
        }
    }

    /// What was answered before it came to a use, or in spite of one, was in line all the time.
    /// - Parameter received: by the same clock.
    package static func complete(_ response: inout Response, since received: UInt64, _ clock: Clock) {
        guard response.head[header] == nil else { return }
        response.head.add(header, queued((clock.monotonicNanoseconds() &- received) / 1_000))
    }

    private static func queued(_ microseconds: UInt64) -> String {
        "queue;dur=\(milliseconds(microseconds))"
    }

    /// The header's value at this moment.
    private var text: String {
        let now = clock.monotonicNanoseconds()
        guard let queue else { return Self.queued((now &- received) / 1_000) }
        let commit = (committed &- received) / 1_000 - queue
        return "\(Self.queued(queue)), commit;dur=\(Self.milliseconds(commit)), "
            + "exchange;dur=\(Self.milliseconds((now &- committed) / 1_000))"
    }

    private static func milliseconds(_ microseconds: UInt64) -> String {
        let rest = String(microseconds % 1_000)
        return "\(microseconds / 1_000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }
}
