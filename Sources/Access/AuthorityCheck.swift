import Synchronization

/// The authority of a request that nobody was asked about yet: what its worker knew of the token, and at
/// which epoch. Whoever acts on it compares the epoch in the transaction in which it acts, under the shared
/// lock.
package final class AuthorityCheck: Sendable {
    package let epoch: Int64
    private let holds = Atomic(false)

    package init(epoch: Int64) { self.epoch = epoch }

    /// Whether it held when it was last compared. Until then nothing may have been done.
    package var isSettled: Bool { holds.load(ordering: .relaxed) }

    /// - Parameter epoch: as it is, read under the lock.
    package func settle(at epoch: Int64) -> Bool {
        holds.store(epoch == self.epoch, ordering: .relaxed)
        return epoch == self.epoch
    }
}

/// The caller's rights are not what they were when the request was let in: nothing was done.
package struct AuthorityMoved: Error {
    package init() {}
}

extension Context {
    /// Whether the authority that the request was let in by still is what it was; true where nobody knows by
    /// which it was.
    /// - Parameter epoch: as it is, read under the lock.
    package func stands(at epoch: Int64) -> Bool {
        if let authority { return authority.settle(at: epoch) }
        return settledEpoch.map { $0 == epoch } ?? true
    }
}
