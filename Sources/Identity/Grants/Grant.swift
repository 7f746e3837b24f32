package import Access
package import JSON
package import Kernel
import HTTPServer

/// A role for a principal, on everything. Grants never change: they are made and taken back.
package struct Grant: Equatable, Sendable {
    package let id: GrantID
    package let principal: PrincipalID
    package let role: BuiltInRole
    package let createdAt: Timestamp
    /// Nil for the first owner's.
    package let createdBy: String?
}

extension Grant: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.field("principal_id", principal.description)
            w.field("role", role.rawValue)
            w.field("effect", "allow")
            w.object("on") { _ in }
            w.null("expires_at")
            w.field("created_at", createdAt.description)
            w.field("created_by", createdBy)
        }
    }
}

/// Who may grant what. Pure.
enum GrantRules {
    /// Throws `forbidden` unless the caller may give `role` to `target`: owners make owners; nobody grants
    /// what they lack; and nobody but an owner grants to themselves or to a service account that they own.
    static func check(
        granting role: BuiltInRole, to target: PrincipalID, ownedBy owner: UserID?, by caller: Context
    ) throws(Problem) {
        try checkTaking(role, by: caller)
        for permission in Permission.allCases where role.permissions.contains(permission) {
            try caller.require(permission)
        }
        let isOwn = target == caller.actor.principal || owner.map(PrincipalID.init) == caller.actor.principal
        if isOwn && caller.actor.principal != nil { try caller.require(.ownersWrite) }
    }

    /// Taking a grant back needs less: it only ever takes away.
    static func checkTaking(_ role: BuiltInRole, by caller: Context) throws(Problem) {
        try caller.require(.grantsWrite)
        if role == .owner { try caller.require(.ownersWrite) }
    }

    /// Changing, disabling and enabling an owner.
    static func checkTouching(_ target: Principal, by caller: Context) throws(Problem) {
        if target.isOwner { try caller.require(.ownersWrite) }
    }
}
