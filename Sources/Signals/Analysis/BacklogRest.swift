import Kernel
import Synchronization

/// How long the analysis of a history rests between two rounds, over all workers of a node: uses of keys,
/// what is told of now and uploads must not queue behind it. Times are the monotonic clock's.
package final class BacklogRest: Sendable {
    static let longest: Period = .milliseconds(100)
    /// Without a request, or a piece of a history, nobody is waiting for anything any more.
    static let peaceAfter: Period = .seconds(1)

    private let askedAt = Atomic<UInt64>(0)
    private let historyCameAt = Atomic<UInt64>(0)

    package init() {}

    /// Somebody asks something of this node.
    package func noteRequest(at now: UInt64) { askedAt.store(now, ordering: .relaxed) }

    /// A piece of a history was stored.
    func noteHistory(at now: UInt64) { historyCameAt.store(now, ordering: .relaxed) }

    /// As long as it worked while more of a history comes in, half as long while somebody asks anything, and
    /// not at all in peace.
    func nanoseconds(afterWork worked: UInt64, at now: UInt64) -> Int64 {
        let isComing = Self.isLately(historyCameAt, now)
        guard isComing || Self.isLately(askedAt, now) else { return 0 }
        return min(Int64(clamping: isComing ? worked : worked / 2), Self.longest.nanoseconds)
    }

    private static func isLately(_ moment: borrowing Atomic<UInt64>, _ now: UInt64) -> Bool {
        let moment = moment.load(ordering: .relaxed)
        return moment != 0 && now < moment + UInt64(peaceAfter.nanoseconds)
    }
}
