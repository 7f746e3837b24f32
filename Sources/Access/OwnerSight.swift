package import Postgres

/// Whoever acts for an absent owner (a rule, a webhook, a stream) sees with that owner's eyes: what the owner
/// may do at this moment, and nothing when the owner is disabled. `Service` wires it to the snapshot of
/// authority.
package struct OwnerSight {
    /// Takes the owners asked about, the epoch that was read in the transaction (the answer must not be
    /// older), and the transaction. Gives the permissions of those owners who are active; who is missing may
    /// do nothing.
    package typealias Look =
        nonisolated(nonsending) (_ owners: [PrincipalID], _ epoch: Int64, _ transaction: Transaction)
        async throws -> [PrincipalID: Set<Permission>]

    package let permissions: Look

    package init(_ permissions: @escaping Look) { self.permissions = permissions }
}
