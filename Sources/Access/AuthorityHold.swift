import Synchronization

/// What a request that changes something was let in by. `Ledger` compares it in the request's first
/// transaction, so that nothing is done by rights that are gone by then; what the request does after that is
/// the rest of the same deed.
package final class AuthorityHold: Sendable {
    package struct Basis: Hashable, Sendable {
        /// At which its caller was let in.
        package let epoch: Int64
        /// What the caller's rights stand on.
        package let grounds: [Touched]
    }

    package let basis: Basis
    /// Its caller was let in by what was known of them, and nobody was asked.
    package let isAssumed: Bool
    private let acted = Atomic(false)

    package init(epoch: Int64, grounds: [Touched], isAssumed: Bool = false) {
        basis = Basis(epoch: epoch, grounds: grounds)
        self.isAssumed = isAssumed
    }

    /// Whether it was compared, and something was done by it.
    package var isActedOn: Bool { acted.load(ordering: .relaxed) }

    package func act() { acted.store(true, ordering: .relaxed) }
}
