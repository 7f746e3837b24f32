import Access
import Events
import HTTPServer
import JSON
import Kernel

/// Coming into a group is being granted what it is granted; leaving it is having its denials taken back.
/// Whoever comes here holds `OwnerRoster`.
extension Change {
    nonisolated(nonsending) func add(_ principal: PrincipalID, to group: Group) async throws {
        guard let member = try await PrincipalStore.find(principal, in: transaction) else {
            throw Problem.wrongField("principal_id", "names nobody")
        }
        let grants = try await GrantStore.all(of: group.id, in: transaction)
        if !grants.isEmpty {
            try context.require(.grantsWrite)
            try await check(grants, of: member) { wish in
                try GrantRules.check(granting: wish, by: context)
            }
        }
        let isNew = try await GroupStore.add(
            principal, to: group, by: context.actor, at: context.now, in: transaction)
        guard isNew else { return audit("groups.add", group.id, detail: ["unchanged": true]) }
        try await checkCount(.principal(principal))
        if grants.contains(where: { $0.effect == .deny }) {
            try await OwnerRoster.checkSomebodyStays(in: transaction)
        }
        touch(.principal(principal))
        note(group, "member_added", principal)
    }

    nonisolated(nonsending) func remove(_ principal: PrincipalID, from group: Group) async throws {
        guard let member = try await PrincipalStore.find(principal, in: transaction),
            try await GroupStore.remove(principal, from: group.id, in: transaction)
        else { throw Problem.notFound("member") }
        let grants = try await GrantStore.all(of: group.id, in: transaction)
        if !grants.isEmpty {
            try context.require(.grantsWrite)
            try await check(grants, of: member) { wish in
                try GrantRules.check(takingBack: wish, by: context)
            }
        }
        touch(.principal(principal))
        note(group, "member_removed", principal)
    }

    /// What lapsed gives and takes nothing.
    private nonisolated(nonsending) func check(
        _ grants: [Grant], of member: Principal, _ rule: (GrantRules.Wish) throws -> Void
    ) async throws {
        for grant in grants where !grant.hasLapsed(at: context.now) {
            var wish = try await wish(grant)
            wish.bindsCaller = member.id == context.actor.principal
            wish.isForCaller = GrantRules.isOwn(member.id, ownedBy: member.owner, context)
            wish.isForOwner = member.isOwner
            try rule(wish)
        }
    }

    func note(_ group: Group, _ what: String, _ principal: PrincipalID? = nil) {
        let verbs = [
            "created": "create", "changed": "change", "deleted": "delete", "member_added": "add",
        ]
        audit(
            "groups.\(verbs[what] ?? "remove")", group.id,
            detail: ["name": .string(group.name), "principal_id": JSONValue(principal)])
        emit(
            NewEvent(
                .groupChanged, subject: group.id,
                [
                    "group_id": JSONValue(group.id), "name": .string(group.name), "change": .string(what),
                    "principal_id": JSONValue(principal),
                ]))
    }
}
