import Access
import Kernel
import Postgres

/// An access token with its principal and what that was granted, as they stood together at one epoch.
struct Standing: Sendable {
    let token: AccessTokenID
    let name: String
    let principal: PrincipalID
    let status: PrincipalStatus
    let isRevoked: Bool
    let expiresAt: Timestamp?
    /// When the principal itself lapses.
    var principalExpiresAt: Timestamp?
    /// From everywhere when empty.
    let cidrs: [CIDR]
    /// Bait: it opens nothing.
    let isDecoy: Bool
    /// What the grants' roles give, narrowed by the scopes.
    let permissions: Set<Permission>

    /// Why it does not count, at every use anew: time and address are the request's. Nil: it counts.
    func refusal(from address: IPAddress?, now: Timestamp) -> Refusal.Reason? {
        if isRevoked { return .revoked }
        if let expiresAt, expiresAt <= now { return .expired }
        if status != .active { return .principalDisabled }
        if let principalExpiresAt, principalExpiresAt <= now { return .principalDisabled }
        if !cidrs.isEmpty {
            guard let address, cidrs.contains(where: { $0.contains(address) }) else { return .address }
        }
        return nil
    }
}

extension Standing {
    /// One row always, so that an unknown token has an epoch too; one snapshot, so that all of it belongs
    /// together.
    static let load = Statement(
        "standing_load",
        """
        select a.epoch, t.id, t.name, t.principal, t.revoked_at, t.expires_at, t.cidrs, t.scopes,
            p.kind, p.status, array(select g.role from access_grant g
                where g.principal = t.principal and g.effect = 'allow' and g.scope = '{}') as roles,
            t.decoy, p.expires_at
        from authority a
            left join access_token t on t.hash = $1
            left join principal p on p.id = t.principal
        """)

    /// Nil when there is no such token.
    init?(_ row: Row) {
        guard let token = row.optionalID(1, as: AccessTokenKind.self),
            let kind = PrincipalID.Kind(rawValue: row.text(8)),
            let status = PrincipalStatus(rawValue: row.text(9))
        else { return nil }
        let roles = row.textArray(10).compactMap(BuiltInRole.init)
        let isDecoy = row.bool(11)
        let scopes = row.isNull(7) ? nil : row.textArray(7).compactMap(Permission.init)
        self.init(
            token: token, name: row.text(2), principal: PrincipalID(kind, row.uuid(3)), status: status,
            isRevoked: !row.isNull(4), expiresAt: row.optionalTimestamp(5),
            principalExpiresAt: row.optionalTimestamp(12),
            cidrs: row.textArray(6).compactMap { CIDR($0) },
            isDecoy: isDecoy, permissions: isDecoy ? [] : .of(roles, narrowedTo: scopes))
    }
}

extension Set where Element == Permission {
    /// What the roles give together; scopes only ever take away.
    static func of(_ roles: some Sequence<BuiltInRole>, narrowedTo scopes: [Permission]? = nil) -> Self {
        let granted = roles.reduce(into: Set()) { $0.formUnion($1.permissions) }
        return scopes.map { granted.intersection($0) } ?? granted
    }
}
