package import Access
package import Events
package import Postgres

/// What rules reach keys with: Keys does it, and Service hands it over.
package struct RuleHands {
    /// How far a deed would go now.
    package typealias Look =
        nonisolated(nonsending) (KeyDeed, Scope, [Rights], any Queryable) async throws -> DeedReach
    /// Does it, unless the last argument, which is always asked, refuses how far it goes.
    package typealias Act =
        nonisolated(nonsending) (
            KeyDeed, Scope, DeedCause, Change,
            nonisolated(nonsending) (DeedReach) async throws -> Bool
        ) async throws -> DeedReach

    let look: Look
    let act: Act

    package init(look: @escaping Look, act: @escaping Act) { (self.look, self.act) = (look, act) }

    /// There are no keys.
    package static var none: RuleHands {
        RuleHands(
            look: { _, _, _, _ in DeedReach() },
            act: { _, _, _, _, allows in
                _ = try await allows(DeedReach())
                return DeedReach()
            })
    }
}
