import Access
import Kernel
import Postgres

/// An access token or a session with its principal and what that was granted, as they stood together at one
/// epoch.
struct Standing: Sendable {
    let token: AccessTokenID?
    var session: SessionID?
    let name: String
    let principal: PrincipalID
    let status: PrincipalStatus
    let isRevoked: Bool
    let expiresAt: Timestamp?
    /// From everywhere when empty.
    let cidrs: [CIDR]
    /// Bait: it opens nothing.
    let isDecoy: Bool
    /// What the grants' roles give, narrowed by the scopes.
    let permissions: Set<Permission>
    /// From when a second factor is a duty; nil for whoever has one, and for service accounts.
    let mfaDueAt: Timestamp?

    /// Why it does not count, at every use anew: time and address are the request's. Nil: it counts.
    func refusal(from address: IPAddress?, now: Timestamp) -> Refusal.Reason? {
        if isRevoked { return .revoked }
        if let expiresAt, expiresAt <= now { return .expired }
        if status != .active { return .principalDisabled }
        if !cidrs.isEmpty {
            guard let address, cidrs.contains(where: { $0.contains(address) }) else { return .address }
        }
        return nil
    }
}

extension Standing {
    /// One row always, so that an unknown token has an epoch too; one snapshot, so that all of it belongs
    /// together.
    static func load(_ credential: Credential) -> Statement {
        if case .session = credential { loadSession } else { loadToken }
    }

    /// The same columns as `loadToken`'s. When it lapses by rest was reckoned when it was loaded: whoever
    /// finds it lapsed loads it again, and sees what other workers noted.
    private static let loadSession = Statement(
        "standing_load_session",
        """
        select a.epoch, s.id, s.device, s.principal, s.ended_at,
            least(s.created_at + i.session_lifetime, s.last_used_at + i.session_idle), '{}'::text[],
            null::text[], p.kind, p.status, array(select g.role from access_grant g
                where g.principal = s.principal and g.effect = 'allow' and g.scope = '{}') as roles,
            null::boolean,
            case when p.kind = 'user' and not exists (
                    select from factor f where f.principal = p.id and f.confirmed_at is not null)
                then coalesce(p.joined_at, p.created_at) + i.mfa_grace end as mfa_due_at
        from authority a cross join sign_in i
            left join session s on s.hash = $1
            left join principal p on p.id = s.principal
        """)

    static let loadToken = Statement(
        "standing_load",
        """
        select a.epoch, t.id, t.name, t.principal, t.revoked_at, t.expires_at, t.cidrs, t.scopes,
            p.kind, p.status, array(select g.role from access_grant g
                where g.principal = t.principal and g.effect = 'allow' and g.scope = '{}') as roles,
            t.decoy,
            case when p.kind = 'user' and not exists (
                    select from factor f where f.principal = p.id and f.confirmed_at is not null)
                then coalesce(p.joined_at, p.created_at) + i.mfa_grace end as mfa_due_at
        from authority a cross join sign_in i
            left join access_token t on t.hash = $1
            left join principal p on p.id = t.principal
        """)

    /// Nil when there is no such token, or session: of that one cannot be a decoy.
    init?(_ row: Row) {
        guard let id = row.optionalUUID(1),
            let kind = PrincipalID.Kind(rawValue: row.text(8)),
            let status = PrincipalStatus(rawValue: row.text(9))
        else { return nil }
        let roles = row.textArray(10).compactMap(BuiltInRole.init)
        let isSession = row.isNull(11)
        let isDecoy = row.optionalBool(11) ?? false
        let scopes = row.isNull(7) ? nil : row.textArray(7).compactMap(Permission.init)
        self.init(
            token: isSession ? nil : AccessTokenID(id), session: isSession ? SessionID(id) : nil,
            name: row.text(2), principal: PrincipalID(kind, row.uuid(3)), status: status,
            isRevoked: !row.isNull(4), expiresAt: row.optionalTimestamp(5),
            cidrs: row.textArray(6).compactMap { CIDR($0) },
            isDecoy: isDecoy, permissions: isDecoy ? [] : .of(roles, narrowedTo: scopes),
            mfaDueAt: row.optionalTimestamp(12))
    }
}

extension Set where Element == Permission {
    /// What the roles give together; scopes only ever take away.
    static func of(_ roles: some Sequence<BuiltInRole>, narrowedTo scopes: [Permission]? = nil) -> Self {
        let granted = roles.reduce(into: Set()) { $0.formUnion($1.permissions) }
        return scopes.map { granted.intersection($0) } ?? granted
    }
}
