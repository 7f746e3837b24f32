import Access
import Crypto
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
    /// When the principal itself lapses.
    var principalExpiresAt: Timestamp?
    /// From everywhere when empty.
    let cidrs: [CIDR]
    /// Bait: it opens nothing.
    let isDecoy: Bool
    let grants: [GrantedRole]
    /// Nil does not narrow.
    let scopes: [Permission]?
    /// What the grants give, narrowed by the scopes, as it stood when that was last looked at.
    private(set) var rights: Rights
    /// Unused for longer, it has lapsed.
    var idle: Period?
    /// The last use that is written down, or when it was issued.
    var recordedUse = Timestamp(seconds: 0)
    var isCounted = false
    var isUsedUp = false
    /// Every request must be signed by it.
    var key: Ed25519.PublicKey?
    /// From when a second factor is a duty; nil for whoever has one, and for service accounts.
    var mfaDueAt: Timestamp?

    /// Why it does not count, at every use anew: time and address are the request's. Nil: it counts.
    func refusal(from address: IPAddress?, now: Timestamp) -> Refusal.Reason? {
        if isRevoked { return .revoked }
        if let expiresAt, expiresAt <= now { return .expired }
        if isIdle(at: now) { return .expired }
        if isUsedUp { return .usedUp }
        if status != .active { return .principalDisabled }
        if let principalExpiresAt, principalExpiresAt <= now { return .principalDisabled }
        if !cidrs.isEmpty {
            guard let address, cidrs.contains(where: { $0.contains(address) }) else { return .address }
        }
        return nil
    }

    /// What lapsed since it was last looked at counts no more.
    func rights(at now: Timestamp) -> Rights {
        guard let lapse = rights.lapsesAt, lapse <= now else { return rights }
        return Rights(grants, scopes: scopes, at: now)
    }

    /// What it stands on: a change of authority that touches none of it leaves it as it is.
    var grounds: [Touched] {
        Bearing.grounds(of: principal, by: token, rights)
    }

    mutating func renewRights(at now: Timestamp) { rights = rights(at: now) }
}

extension Standing {
    /// One row always, so that an unknown token has an epoch too; one snapshot, so that all of it belongs
    /// together.
    static func load(_ credential: Credential) -> Statement {
        if case .session = credential { loadSession } else { loadToken }
    }

    /// The same columns as `loadToken`'s. A provider's second factor counts as one for as long as the session
    /// that it opened. When it lapses by rest was reckoned when it was loaded: whoever
    /// finds it lapsed loads it again, and sees what other workers noted.
    private static let loadSession = Statement(
        "standing_load_session",
        """
        select a.epoch, s.id, s.device, s.principal, s.ended_at,
            least(s.created_at + i.session_lifetime, s.last_used_at + i.session_idle), '{}'::text[],
            null::text[], p.kind, p.status, granted(s.principal),
            null::boolean, null::bigint, s.last_used_at, false, false, null::bytea, p.expires_at,
            case when s.factor is distinct from 'openid' then mfa_due_at(s.principal) end
        from authority a cross join sign_in i
            left join session s on s.hash = $1
            left join principal p on p.id = s.principal
        """)

    static let loadToken = Statement(
        "standing_load",
        """
        select a.epoch, t.id, t.name, t.principal, t.revoked_at, t.expires_at, t.cidrs, t.scopes,
            p.kind, p.status, granted(t.principal),
            t.decoy, t.idle_seconds, coalesce(t.last_used_at, t.created_at), t.max_uses is not null,
            coalesce(t.uses >= t.max_uses, false), t.public_key, p.expires_at,
            mfa_due_at(t.principal)
        from authority a
            left join access_token t on t.hash = $1
            left join principal p on p.id = t.principal
        """)

    /// Nil when there is no such token, or session: of that one cannot be a decoy.
    init?(_ row: Row, at now: Timestamp) {
        guard let id = row.optionalUUID(1),
            let kind = PrincipalID.Kind(rawValue: row.text(8)),
            let status = PrincipalStatus(rawValue: row.text(9))
        else { return nil }
        let isSession = row.isNull(11)
        let isDecoy = row.optionalBool(11) ?? false
        // What cannot be read gives nothing.
        let grants = isDecoy ? [] : (try? GrantedRole.list(row.json(10))) ?? []
        let scopes = row.isNull(7) ? nil : row.textArray(7).compactMap(Permission.init)
        self.init(
            token: isSession ? nil : AccessTokenID(id), session: isSession ? SessionID(id) : nil,
            name: row.text(2), principal: PrincipalID(kind, row.uuid(3)), status: status,
            isRevoked: !row.isNull(4), expiresAt: row.optionalTimestamp(5),
            principalExpiresAt: row.optionalTimestamp(17),
            cidrs: row.textArray(6).compactMap { CIDR($0) },
            isDecoy: isDecoy, grants: grants, scopes: scopes,
            rights: Rights(grants, scopes: scopes, at: now),
            idle: row.optionalInt64(12).map { .seconds($0) }, recordedUse: row.timestamp(13),
            isCounted: row.bool(14), isUsedUp: row.bool(15),
            key: row.optionalBytes(16).flatMap { Ed25519.PublicKey($0) },
            mfaDueAt: row.optionalTimestamp(18))
    }
}
