package import Access
package import Postgres

/// Things of rooms above this one that see with an owner's eyes: which of them take what their owner may no
/// longer see.
package struct OwnersEyes {
    /// - Parameter lost: of each owner what they had, and have no more on anything.
    package typealias Find =
        nonisolated(nonsending) (_ lost: [PrincipalID: Set<Permission>], any Queryable) async throws
        -> [String]

    let webhooks: Find
    let alertRules: Find

    package init(webhooks: @escaping Find, alertRules: @escaping Find) {
        (self.webhooks, self.alertRules) = (webhooks, alertRules)
    }

    /// Where there are neither.
    package static var none: OwnersEyes {
        OwnersEyes(webhooks: { _, _ in [] }, alertRules: { _, _ in [] })
    }
}
