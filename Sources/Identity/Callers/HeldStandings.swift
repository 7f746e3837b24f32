package import Access
package import Kernel
package import Postgres

/// Who may do one thing, as it stood at one moment: for a node that may have to tell callers when it cannot
/// ask any more.
package struct HeldStandings: Sendable {
    /// Some 500 bytes each; those with more are not told.
    package static let tokensAtMost = 10_000

    private let permission: Permission
    private let standings: [SecretHash: Standing]

    package var count: Int { standings.count }

    /// Nil: nobody, or somebody who may do it to nothing, or not from there, or not any more, or not without
    /// a second factor by now. To which things their rights say.
    package func caller(_ credential: Credential, from address: IPAddress?, now: Timestamp) -> Caller? {
        guard case .presented(let hash) = credential, let standing = standings[hash],
            standing.refusal(from: address, now: now) == nil,
            standing.rights(at: now).somewhere.contains(permission),
            standing.mfaDueAt.map({ now < $0 }) ?? true
        else { return nil }
        return standing.caller(at: address, now: now)
    }
}

extension HeldStandings {
    /// The columns of `Standing.load`, and the hash behind them. What counts for nothing any more is left
    /// out; what will lapse is judged when it is used. Uses cannot be counted
    /// then, nor nonces be kept, so tokens that need that do not count; idleness is not looked at again.
    private static let read = Statement(
        "standings_held",
        """
        select 0::bigint, t.id, t.name, t.principal, t.revoked_at, t.expires_at, t.cidrs, t.scopes,
            p.kind, p.status, granted(t.principal),
            t.decoy, null::bigint, t.created_at, false, false, null::bytea, p.expires_at,
            mfa_due_at(t.principal), t.hash
        from access_token t join principal p on p.id = t.principal
        where t.revoked_at is null and not t.decoy and p.status = 'active'
            and (t.expires_at is null or t.expires_at > $1)
            and t.max_uses is null and t.public_key is null
            and (t.idle_seconds is null
                or coalesce(t.last_used_at, t.created_at) + make_interval(secs => t.idle_seconds) > $1)
        order by t.last_used_at desc nulls last, t.id limit $2
        """)
    private static let hashColumn = 19

    package nonisolated(nonsending) static func read(
        _ permission: Permission, now: Timestamp, in source: any Queryable
    ) async throws -> HeldStandings {
        var standings: [SecretHash: Standing] = [:]
        for row in try await source.query(read, .timestamp(now), .int(tokensAtMost)) {
            guard let standing = Standing(row, at: now), standing.rights.somewhere.contains(permission)
            else { continue }
            standings[SecretHash(row.bytes(hashColumn))] = standing
        }
        return HeldStandings(permission: permission, standings: standings)
    }
}
