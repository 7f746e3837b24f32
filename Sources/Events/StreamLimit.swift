import Access
import Synchronization

/// Streams that are open, by principal, over all workers of a node.
package final class StreamLimit: Sendable {
    /// A stream holds a connection and a queue for as long as it likes.
    package static let streamsPerPrincipal = 8

    private let counts = Mutex<[PrincipalID: Int]>([:])

    package init() {}

    /// False when there are enough; otherwise `leave` must follow.
    func enter(_ principal: PrincipalID) -> Bool {
        counts.withLock { counts in
            guard counts[principal, default: 0] < Self.streamsPerPrincipal else { return false }
            counts[principal, default: 0] += 1
            return true
        }
    }

    func leave(_ principal: PrincipalID) {
        counts.withLock { counts in
            let left = counts[principal, default: 1] - 1
            counts[principal] = left > 0 ? left : nil
        }
    }
}
