import Access
import Events
import JSON
import Kernel
import Postgres

/// What no longer fits a role that changed: for people to look at; nothing of it is undone by itself.
struct RoleMisfits {
    static let listedAtMost = 200

    /// Allowances whose granter lacks some of it by now.
    private var exceeding: [GrantID] = []
    /// Grants that give and take nothing any more.
    private var empty: [GrantID] = []
    /// Access tokens whose scopes name what their principal had by this role alone.
    private var tokens: [AccessTokenID] = []
    /// Approval rules that ask for it, and that it may no longer decide about.
    private var rules: [ApprovalRuleID] = []
    /// What takes events that its owner may no longer see.
    private var webhooks: [String] = []
    private var alertRules: [String] = []

    /// Whose webhooks and rules are looked at.
    private static let holdersAtMost = 1_000

    private static let guards = Statement(
        "role_approval_rules", "select id from approval_rule where role = $1 order by name limit $2")

    private static let holders = Statement(
        "role_holders",
        """
        select p.id, p.kind, granted(p.id) from principal p
        where p.status = 'active' and p.id in (select g.grantee from granted_to g where g.role = $1)
        order by p.id limit $2
        """)

    init() {}

    private static let granters = Statement(
        "role_granters", "select p.id, granted(p.id) from principal p where p.id = any($1)")
    private static let narrowed = Statement(
        "role_narrowed_tokens",
        """
        select t.id, t.scopes, granted(t.principal) from access_token t
        where t.revoked_at is null and (t.expires_at is null or t.expires_at > $1) and t.scopes && $2
            and t.principal in (select g.grantee from granted_to g where g.role = $3)
        order by t.id limit $4
        """)

    /// - Parameter lost: what the role permitted before.
    nonisolated(nonsending) init(
        of role: Role, lost: Set<Permission>, _ eyes: OwnersEyes, at now: Timestamp,
        in transaction: Transaction
    ) async throws {
        let all = try await GrantStore.all(ofRole: role.name, atMost: Change.grantsOfRole, in: transaction)
        let grants = all.filter { !$0.hasLapsed(at: now) }
        let scoped = role.permissions.filter(\.takesScope)
        empty = grants.filter { $0.scope == .everything ? role.permissions.isEmpty : scoped.isEmpty }.map(
            \.id)
        try await findExceeding(grants.filter { $0.effect == .allow }, role, now, transaction)
        try await findTokens(role, lost, now, transaction)
        if lost.contains(.approvalsDecide) {
            let rows = try await transaction.query(Self.guards, .text(role.name), .int(Self.listedAtMost))
            rules = rows.map { $0.id(0) }
        }
        try await findBlind(role, lost, eyes, now, transaction)
    }

    private mutating func findBlind(
        _ role: Role, _ lost: Set<Permission>, _ eyes: OwnersEyes, _ now: Timestamp,
        _ transaction: Transaction
    ) async throws {
        guard lost.contains(where: \.onlyReads) else { return }
        var losses: [PrincipalID: Set<Permission>] = [:]
        let rows = try await transaction.query(Self.holders, .text(role.name), .int(Self.holdersAtMost))
        for row in rows {
            guard let kind = PrincipalID.Kind(rawValue: row.text(1)) else { continue }
            let rights = Rights(try GrantedRole.list(row.json(2)), at: now)
            let gone = lost.subtracting(rights.somewhere)
            if !gone.isEmpty { losses[PrincipalID(kind, row.uuid(0))] = gone }
        }
        if losses.isEmpty { return }
        webhooks = try await eyes.webhooks(losses, transaction)
        alertRules = try await eyes.alertRules(losses, transaction)
    }

    private mutating func findExceeding(
        _ grants: [Grant], _ role: Role, _ now: Timestamp, _ transaction: Transaction
    ) async throws {
        let granters = Set(grants.compactMap { $0.createdBy.flatMap { PrincipalID($0) } })
        let rows = try await transaction.query(Self.granters, .uuidArray(granters.map(\.uuid)))
        var rights: [UUID: Rights] = [:]
        for row in rows { rights[row.uuid(0)] = Rights(try GrantedRole.list(row.json(1)), at: now) }
        for grant in grants {
            guard let granter = grant.createdBy.flatMap({ PrincipalID($0) }) else { continue }
            let target = try await ScopeTargets.resolve(grant.scope, in: transaction)?.target
            let holds = role.permissions.allSatisfy { permission in
                rights[granter.uuid]?.covers(
                    permission, on: grant.scope, target, until: grant.expiresAt) ?? false
            }
            if !holds { exceeding.append(grant.id) }
        }
    }

    private mutating func findTokens(
        _ role: Role, _ lost: Set<Permission>, _ now: Timestamp, _ transaction: Transaction
    ) async throws {
        guard !lost.isEmpty else { return }
        let rows = try await transaction.query(
            Self.narrowed, .timestamp(now), .textArray(lost.texts), .text(role.name),
            .int(Self.listedAtMost))
        for row in rows {
            let rights = Rights(try GrantedRole.list(row.json(2)), at: now)
            let named = Set(row.textArray(1).compactMap(Permission.init)).intersection(lost)
            if !named.isSubset(of: rights.somewhere) { tokens.append(row.id(0)) }
        }
    }
}

extension RoleMisfits: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("grants_beyond_their_granter", exceeding.prefix(Self.listedAtMost).map(\.description))
            w.field("empty_grants", empty.prefix(Self.listedAtMost).map(\.description))
            w.field("access_tokens", tokens.map(\.description))
            w.field("approval_rules", rules.map(\.description))
            w.field("webhooks", Array(webhooks.prefix(Self.listedAtMost)))
            w.field("alert_rules", Array(alertRules.prefix(Self.listedAtMost)))
        }
    }
}
