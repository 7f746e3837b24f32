import Kernel
package import Postgres

/// Keys and accounts as scopes see them, by their ids as text. What is not there is singled out by no scope.
package typealias Targets = [String: Target]

/// How rooms below Keys learn what a thing is: Keys knows.
package struct TargetSource: Sendable {
    /// Those of these ids that are keys or accounts.
    package typealias Find =
        nonisolated(nonsending) @Sendable (Set<String>, any Queryable) async throws(PostgresError) -> Targets
    /// Everything that somebody may do one thing to.
    package typealias InSight =
        nonisolated(nonsending) @Sendable (Permission, Rights, any Queryable) async throws(PostgresError) ->
        Targets

    package let find: Find
    package let inSight: InSight

    package init(find: @escaping Find, inSight: @escaping InSight) {
        (self.find, self.inSight) = (find, inSight)
    }

    /// There are none.
    package static let none = TargetSource(find: { _, _ in [:] }, inSight: { _, _, _ in [:] })

    /// Of these ids, where anybody has to look: for readers whom no scope binds nothing is read.
    package nonisolated(nonsending) func targets(
        of ids: some Sequence<String?>, for readers: some Sequence<Rights>,
        _ permissions: some Sequence<Permission>, in source: any Queryable
    ) async throws(PostgresError) -> Targets {
        let permissions = Set(permissions)
        guard readers.contains(where: { $0.isScoped(permissions) }) else { return [:] }
        let ids = Set(ids.compactMap(\.self))
        return ids.isEmpty ? [:] : try await find(ids, source)
    }
}

extension Rights {
    /// Whether one of these is held, or denied, for some things only: then it matters what a thing is.
    package func isScoped(_ permissions: some Sequence<Permission>) -> Bool {
        permissions.contains { !everywhere.contains($0) && somewhere.contains($0) }
    }

    /// All of that to this thing. Nil, or one that is not among the targets, is what no scope singles out.
    package func may(_ permissions: some Sequence<Permission>, to id: String?, _ targets: Targets) -> Bool {
        guard let target = id.flatMap({ targets[$0] }) else { return permissions.allSatisfy(mayInGeneral) }
        return permissions.allSatisfy { may($0, on: target) }
    }

    /// To what is no key and no account: a denial for some of these takes nothing of it away.
    package func mayInGeneral(_ permission: Permission) -> Bool {
        if everywhere.contains(permission) { return true }
        guard permission.takesScope, somewhere.contains(permission) else { return false }
        let wanted = PermissionBits(CollectionOfOne(permission))
        return allowed.contains { $0.scope == .everything && $0.permissions.intersects(wanted) }
    }
}

extension Target {
    /// As text; nil for what is yet to be made.
    package var id: String? {
        switch resource {
        case .key(let id): id.description
        case .account(let id): id.description
        case .newKey, .newAccount: nil
        }
    }
}
