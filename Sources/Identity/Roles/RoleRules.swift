import Access
import Events
import HTTPServer
import JSON
import Kernel

/// Who may make and change which roles.
enum RoleRules {
    /// Nobody makes a role that can do more than they can, on everything and for good: whoever grants it
    /// later is asked again.
    static func check(making permissions: Set<Permission>, by caller: Context) throws(Problem) {
        for permission in Permission.allCases where permissions.contains(permission) {
            guard caller.rights.covers(permission, on: .everything) else {
                throw .forbidden(missing: permission)
            }
        }
    }
}

extension Change {
    /// How many grants of one role are looked through: its misfits are listed, and nobody frees themselves.
    static let grantsOfRole = 10_000

    /// Widening gives to whoever was granted it, narrowing to whoever was denied it: both ask for what is
    /// given. Nobody frees themselves, and what owners alone may touch, owners alone change.
    nonisolated(nonsending) func check(_ role: Role, becoming permissions: Set<Permission>) async throws {
        let (added, removed) = (
            permissions.subtracting(role.permissions), role.permissions.subtracting(permissions)
        )
        try RoleRules.check(making: added, by: context)
        if role.isOwners, !removed.isEmpty { try context.require(.ownersWrite) }
        let grants = try await GrantStore.all(ofRole: role.name, atMost: Self.grantsOfRole, in: transaction)
        for grant in grants where grant.effect == .deny {
            let relation = try await relation(to: grant.grantee)
            if relation.isOwner, !added.isEmpty { try context.require(.ownersWrite) }
            guard !removed.isEmpty else { continue }
            try RoleRules.check(making: removed, by: context)
            if relation.isCaller {
                throw Problem(.forbidden, "A denial that binds oneself is taken back by somebody else.")
            }
            if relation.isOwn { try context.require(.ownersWrite) }
        }
        // As with grants: nobody but an owner gives to themselves, or to a service account that they own.
        for grant in grants where grant.effect == .allow && !added.isEmpty {
            if try await relation(to: grant.grantee).isOwn { try context.require(.ownersWrite) }
        }
    }

    func note(_ role: Role, _ what: String, added: Set<Permission>, removed: Set<Permission>) {
        let (added, removed) = (
            JSONValue.array(added.texts.map { .string($0) }),
            JSONValue.array(removed.texts.map { .string($0) })
        )
        let verb = ["created": "create", "changed": "change"][what] ?? "delete"
        audit(
            "roles.\(verb)", role.name,
            detail: ["permissions_added": added, "permissions_removed": removed])
        emit(
            NewEvent(
                .roleChanged, subject: role.name,
                [
                    "role": .string(role.name), "change": .string(what), "permissions_added": added,
                    "permissions_removed": removed,
                ]))
    }
}
