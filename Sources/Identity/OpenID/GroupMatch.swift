import Access
import Events
import HTTPServer
import Kernel

/// Grants and memberships that came from groups of the provider's become those that the groups lead to now.
/// What somebody gave by hand stays as it is, and where that gives the same already nothing is added. Whoever
/// comes here holds `OwnerRoster`.
struct GroupMatch {
    let user: Principal
    let wanted: [GroupMapping]
    let ledger: Ledger

    private var id: UserID { UserID(user.id.uuid) }

    nonisolated(nonsending) func run(_ change: Change) async throws {
        let held = try await OpenIDLinkStore.grants(of: id, in: change.transaction)
        for (grant, group) in held where !wants(.role(grant.role)) {
            guard try await mayGo(grant, of: group, change) else { continue }
            try await change.remove(grant)
        }
        for (group, name) in try await OpenIDLinkStore.members(of: id, in: change.transaction)
        where !wants(.group(group)) {
            try await leave(group, name, change)
        }
        for mapping in wanted {
            switch mapping.target {
            case .role(let role): try await give(role, mapping.group, change)
            case .group(let group): try await enter(group, mapping.group, change)
            }
        }
    }

    private func wants(_ target: GroupMapping.Target) -> Bool {
        wanted.contains { $0.target == target }
    }

    // MARK: Roles

    /// A role that there is none of, or no more, gives nothing.
    private nonisolated(nonsending) func give(
        _ role: String, _ group: String, _ change: Change
    ) async throws {
        let transaction = change.transaction
        guard try await RoleStore.find(role, in: transaction) != nil else { return }
        let has = try await GrantStore.all(of: user.id, in: transaction).contains { grant in
            grant.role == role && grant.effect == .allow && grant.scope == .everything
                && !grant.hasLapsed(at: change.context.now)
        }
        if has { return }
        let grant = Grant(
            id: ledger.newID(), grantee: .principal(user.id), role: role, createdAt: change.context.now,
            createdBy: nil)
        try await change.add(grant)
        try await OpenIDLinkStore.mark(grant, of: group, in: transaction)
    }

    /// The last owner stays one, whatever their groups are: tried, and undone.
    private nonisolated(nonsending) func mayGo(
        _ grant: Grant, of group: String, _ change: Change
    ) async throws -> Bool {
        guard grant.role == BuiltInRole.owner.rawValue else { return true }
        let transaction = change.transaction
        let had = try await OwnerRoster.hasSomebody(in: transaction)
        _ = try await GrantStore.delete(grant.id, in: transaction)
        let has = try await OwnerRoster.hasSomebody(in: transaction)
        try await GrantStore.insert(grant, at: change.context.now, in: transaction)
        try await OpenIDLinkStore.mark(grant, of: group, in: transaction)
        return has || !had
    }

    // MARK: Groups of ours

    private nonisolated(nonsending) func enter(
        _ id: GroupID, _ name: String, _ change: Change
    ) async throws {
        let transaction = change.transaction
        let had = try await OwnerRoster.hasSomebody(in: transaction)
        guard let group = try await Self.group(id, change), group.members < Group.memberLimit,
            try await GroupStore.add(
                user.id, to: group, by: Actor(principal: nil, accessToken: nil, address: nil),
                at: change.context.now, in: transaction)
        else { return }
        let has = try await OwnerRoster.hasSomebody(in: transaction)
        guard has || !had else {
            _ = try await GroupStore.remove(user.id, from: id, in: transaction)
            return
        }
        try await OpenIDLinkStore.mark(self.id, memberOf: id, by: name, in: transaction)
        change.touch(.principal(user.id))
        change.note(group, "member_added", user.id)
    }

    private nonisolated(nonsending) func leave(
        _ id: GroupID, _ name: String, _ change: Change
    ) async throws {
        let transaction = change.transaction
        guard let group = try await Self.group(id, change),
            try await GroupStore.remove(user.id, from: id, in: transaction)
        else { return }
        change.touch(.principal(user.id))
        change.note(group, "member_removed", user.id)
    }

    /// Nil: it was deleted since it was written down.
    private static nonisolated(nonsending) func group(_ id: GroupID, _ change: Change) async throws -> Group?
    {
        do {
            return try await GroupStore.locked(id, in: change.transaction)
        } catch let problem as Problem where problem.code == .notFound {
            return nil
        }
    }
}
