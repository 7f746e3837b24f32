import HTTPServer
import Kernel

/// Where the time of a proxied request went: in line for a batch (and, where an exchange wants one after
/// another, for the key), in the batch until its commit, at the exchange.
final class ProxyTiming {
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
            return try await answer().header("server-timing", text)
        } catch var problem as Problem {
            problem.headers.append(("server-timing", text))
            throw problem
        }
    }

    /// The header's value at this moment.
    private var text: String {
        let now = clock.monotonicNanoseconds()
        guard let queue else { return "queue;dur=\(Self.milliseconds((now &- received) / 1_000))" }
        let commit = (committed &- received) / 1_000 - queue
        return "queue;dur=\(Self.milliseconds(queue)), commit;dur=\(Self.milliseconds(commit)), "
            + "exchange;dur=\(Self.milliseconds((now &- committed) / 1_000))"
    }

    private static func milliseconds(_ microseconds: UInt64) -> String {
        let rest = String(microseconds % 1_000)
        return "\(microseconds / 1_000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }
}
