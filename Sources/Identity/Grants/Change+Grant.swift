import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// What is done to grants: rules, rows, events and audit together. Whoever comes here holds `OwnerRoster`.
extension Change {
    nonisolated(nonsending) func grant(_ draft: GrantDraft, id: GrantID) async throws -> Grant {
        var mistakes: [FieldError] = []
        func unknown(_ field: String, _ message: String) {
            mistakes.append(FieldError(pointer: "/\(field)", code: "unknown", message: message))
        }
        if try await !exists(draft.grantee) { unknown("principal_id", "names nobody") }
        let role = try await RoleStore.find(draft.role, in: transaction)
        if role == nil { unknown("role", "names no role") }
        let resolved = try await ScopeTargets.resolve(draft.scope, in: transaction)
        if resolved == nil { unknown("on/resource", "names no key and no account") }
        guard mistakes.isEmpty, let role, let resolved else {
            throw Problem(.validationFailed, "The body does not fit.", errors: mistakes)
        }
        let grant = Grant(
            id: id, grantee: draft.grantee, role: draft.role, effect: draft.effect, scope: resolved.scope,
            expiresAt: draft.expiresAt, createdAt: context.now,
            createdBy: context.actor.principal?.description)
        try GrantRules.check(
            granting: try await wish(grant, role, target: resolved.target), by: context)
        try await add(grant)
        try await checkCount(grant.grantee)
        if grant.effect == .deny { try await OwnerRoster.checkSomebodyStays(in: transaction) }
        return grant
    }

    nonisolated(nonsending) func add(_ grant: Grant) async throws {
        try await GrantStore.insert(grant, at: context.now, in: transaction)
        try await touch(grantee: grant.grantee)
        note(grant, "created")
    }

    nonisolated(nonsending) func remove(_ grant: Grant) async throws {
        guard try await GrantStore.delete(grant.id, in: transaction) else { throw Problem.notFound("grant") }
        try await touch(grantee: grant.grantee)
        note(grant, "deleted")
    }

    /// What the rules ask about a grant that there is.
    nonisolated(nonsending) func wish(_ grant: Grant) async throws -> GrantRules.Wish {
        guard let role = try await RoleStore.find(grant.role, in: transaction) else {
            throw Problem.notFound("grant")
        }
        let resolved = try await ScopeTargets.resolve(grant.scope, in: transaction)
        return try await wish(grant, role, target: resolved?.target)
    }

    /// Whoever makes a way in for somebody gives what that one was granted, so it asks for what granting it
    /// asks for.
    nonisolated(nonsending) func checkGiving(
        allOf id: PrincipalID, as giving: GrantRules.Giving = .wayIn
    ) async throws {
        for wish in try await wishes(forAllOf: id) {
            do throws(Problem) {
                try GrantRules.check(granting: wish, by: context)
            } catch {
                throw error.ofGiving(giving, to: id)
            }
        }
    }

    /// Whoever answers for a service account may give back what they took from it.
    nonisolated(nonsending) func checkGivingBack(to principal: Principal) async throws {
        if GrantRules.isOwn(principal.id, ownedBy: principal.owner, context) { return }
        try await checkGiving(allOf: principal.id, as: .wayBack)
    }

    /// What granting it all again would ask for.
    nonisolated(nonsending) func wishes(forAllOf id: PrincipalID) async throws -> [GrantRules.Wish] {
        var wishes: [GrantRules.Wish] = []
        for grant in try await grants(of: id) where grant.effect == .allow {
            let target = try await ScopeTargets.resolve(grant.scope, in: transaction)?.target
            wishes.append(
                GrantRules.Wish(
                    role: Role(grant), scope: grant.scope, target: target, expiresAt: grant.expiresAt))
        }
        return wishes
    }

    /// Those of its groups too, and those that lapsed a while ago.
    nonisolated(nonsending) func grants(of id: PrincipalID) async throws -> [GrantedRole] {
        try await GrantedRoles.of(id, in: transaction)
    }

    private nonisolated(nonsending) func wish(
        _ grant: Grant, _ role: Role, target: Target?
    ) async throws -> GrantRules.Wish {
        var wish = GrantRules.Wish(
            role: role, effect: grant.effect, scope: grant.scope, target: target, expiresAt: grant.expiresAt)
        let relation = try await relation(to: grant.grantee)
        (wish.isForCaller, wish.bindsCaller, wish.isForOwner) = (
            relation.isOwn, relation.isCaller, relation.isOwner
        )
        return wish
    }

    func note(_ grant: Grant, _ what: String) {
        audit(
            what == "created" ? "grants.create" : "grants.delete", grant.id,
            detail: [
                "principal_id": JSONValue(grant.grantee), "role": .string(grant.role),
                "effect": .string(grant.effect.rawValue), "on": grant.scope.stored,
                "expires_at": JSONValue(grant.expiresAt),
            ])
        emit(
            NewEvent(
                .grantChanged, subject: grant.id,
                [
                    "grant_id": JSONValue(grant.id), "principal_id": JSONValue(grant.grantee),
                    "role": .string(grant.role), "effect": .string(grant.effect.rawValue),
                    "change": .string(what),
                ]))
    }
}

// MARK: Who a grantee is

extension Change {
    private static let exists = Statement(
        "grantee_exists",
        """
        select (select true from principal where id = $1 for no key update) is not null
            or (select true from access_group where id = $2 for no key update) is not null
        """)
    private static let relation = Statement(
        "grantee_relation",
        """
        select coalesce(bool_or(p.id = $3 or p.owner = $3), false), coalesce(bool_or(p.id = $3), false),
            coalesce(bool_or(has_owners_power(p.id)), false)
        from principal p
        where p.id = $1 or p.id in (select principal from group_member where group_id = $2)
        """)
    private static let members = Statement(
        "grantee_members",
        """
        select p.id, p.kind from group_member m join principal p on p.id = m.principal
        where m.group_id = $1 order by p.id
        """)
    private static let tooMany = Statement(
        "grantee_too_many",
        """
        select g.grantee from granted_to g
        where g.grantee = $1 or g.grantee in (select principal from group_member where group_id = $2)
        group by g.grantee having count(*) > $3
        union all
        select $2 from access_grant where group_id = $2 having count(*) > $3
        limit 1
        """)

    private nonisolated(nonsending) func exists(_ grantee: Grantee) async throws -> Bool {
        let rows = try await transaction.query(
            Self.exists, .uuid(grantee.principal), .id(grantee.group))
        return rows.first?.bool(0) ?? false
    }

    /// Whether it is, or holds, the caller or a service account of theirs; the caller; somebody whom owners
    /// alone may touch.
    nonisolated(nonsending) func relation(
        to grantee: Grantee
    ) async throws -> (isOwn: Bool, isCaller: Bool, isOwner: Bool) {
        let rows = try await transaction.query(
            Self.relation, .uuid(grantee.principal), .id(grantee.group),
            .uuid(context.actor.principal?.uuid))
        guard let row = rows.first else { return (false, false, false) }
        return (row.bool(0), row.bool(1), row.bool(2))
    }

    /// Whose snapshots are stale.
    nonisolated(nonsending) func touch(grantee: Grantee) async throws {
        switch grantee {
        case .principal(let id): touch(.principal(id))
        case .group(let id): try await touch(membersOf: id)
        }
    }

    /// A group without members touches nobody: then it is no change of authority.
    private nonisolated(nonsending) func touch(membersOf group: GroupID) async throws {
        let rows = try await transaction.query(Self.members, .id(group))
        touch(
            rows.compactMap { row in
                PrincipalID.Kind(rawValue: row.text(1)).map { .principal(PrincipalID($0, row.uuid(0))) }
            })
    }

    /// Every decision goes through them.
    nonisolated(nonsending) func checkCount(_ grantee: Grantee) async throws {
        let limit = GrantedRole.limitPerPrincipal
        let found = try await transaction.query(
            Self.tooMany, .uuid(grantee.principal), .id(grantee.group), .int(limit))
        guard found.isEmpty else {
            throw Problem(
                .conflict,
                "Somebody would have more than \(limit) grants, those of groups counted: take some back.")
        }
    }
}
