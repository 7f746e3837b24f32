package import Access
package import JSON
package import Kernel

/// A user or a service account, as its record says.
package struct Principal: Equatable, Sendable {
    package let id: PrincipalID
    package var name: String
    /// Users only.
    package var email: String?
    /// Service accounts only.
    package var purpose: String?
    /// The user who answers for a service account.
    package var owner: UserID?
    package var status: PrincipalStatus
    package var disabledAt: Timestamp?
    package var disableReason: String?
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    package var revision: Int64
    /// Accepted the invitation; always so for service accounts.
    package var hasJoined: Bool
    /// Built-in ones, granted to themselves on everything for good, in the order of `BuiltInRole`.
    package var roles: [BuiltInRole]
    /// Has what owners have, or had it a while ago, on whatever and by whatever way: owners alone touch them.
    package var isOwner = false

    /// When there is exactly one.
    var role: String? { roles.count == 1 ? roles.first?.rawValue : nil }
}

extension Principal: JSONWritable {
    package func write(to w: inout JSONWriter) { w.object { w in writeFields(to: &w) } }

    /// The members, for answers that add some.
    func writeFields(to w: inout JSONWriter) {
        w.field("id", id.description)
        w.field("name", name)
        if id.kind == .user {
            w.field("email", email)
            w.field("status", status.rawValue)
        } else {
            w.field("purpose", purpose)
            w.field("status", status.rawValue)
            w.field("owner_id", owner?.description)
        }
        w.field("role", role)
        w.field("roles", roles.map(\.rawValue))
        w.field("created_at", createdAt.description)
        w.field("updated_at", updatedAt.description)
        w.field("disabled_at", disabledAt?.description)
        w.field("disable_reason", disableReason)
        w.field("revision", revision)
    }
}
