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
    /// From everywhere when empty.
    let cidrs: [CIDR]
    /// Bait: it opens nothing.
    let isDecoy: Bool
    let grants: [GrantedRole]
    /// Nil does not narrow.
    let scopes: [Permission]?
    /// What the grants give, narrowed by the scopes, as it stood when that was last looked at.
    private(set) var rights: Rights

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

    /// What lapsed since it was last looked at counts no more.
    func rights(at now: Timestamp) -> Rights {
        guard let lapse = rights.lapsesAt, lapse <= now else { return rights }
        return Rights(grants, scopes: scopes, at: now)
    }

    /// What it stands on: a change of authority that touches none of it leaves it as it is.
    var grounds: [Touched] {
        [.accessToken(token), .principal(principal)]
            + grants.filter { BuiltInRole(rawValue: $0.role) == nil }.map { .role($0.role) }
    }

    mutating func renewRights(at now: Timestamp) { rights = rights(at: now) }
}

extension Standing {
    /// One row always, so that an unknown token has an epoch too; one snapshot, so that all of it belongs
    /// together.
    static let load = Statement(
        "standing_load",
        """
        select a.epoch, t.id, t.name, t.principal, t.revoked_at, t.expires_at, t.cidrs, t.scopes,
            p.kind, p.status, granted(t.principal), t.decoy
        from authority a
            left join access_token t on t.hash = $1
            left join principal p on p.id = t.principal
        """)

    /// Nil when there is no such token.
    init?(_ row: Row, at now: Timestamp) {
        guard let token = row.optionalID(1, as: AccessTokenKind.self),
            let kind = PrincipalID.Kind(rawValue: row.text(8)),
            let status = PrincipalStatus(rawValue: row.text(9))
        else { return nil }
        let isDecoy = row.bool(11)
        // What cannot be read gives nothing.
        let grants = isDecoy ? [] : (try? GrantedRole.list(row.json(10))) ?? []
        let scopes = row.isNull(7) ? nil : row.textArray(7).compactMap(Permission.init)
        self.init(
            token: token, name: row.text(2), principal: PrincipalID(kind, row.uuid(3)), status: status,
            isRevoked: !row.isNull(4), expiresAt: row.optionalTimestamp(5),
            cidrs: row.textArray(6).compactMap { CIDR($0) },
            isDecoy: isDecoy, grants: grants, scopes: scopes,
            rights: Rights(grants, scopes: scopes, at: now))
    }
}
