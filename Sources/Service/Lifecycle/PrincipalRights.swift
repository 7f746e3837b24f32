import Access
import Events
import Identity
import Kernel
import Postgres

/// What principals may do at this moment, for whoever acts with an owner's eyes: rules, webhooks, streams.
enum PrincipalRights {
    private static let read = Statement(
        "principal_rights",
        """
        select p.id, p.kind, granted(p.id), p.expires_at from principal p
        where p.id = any ($1) and p.status = 'active' and (p.expires_at is null or p.expires_at > $2)
        """)

    private static let readGranted = Statement(
        "principal_granted", "select p.id, p.kind, granted(p.id) from principal p where p.id = any ($1)")

    /// What they were granted, whether they may act or not: of whoever was disabled first and leaves later.
    nonisolated(nonsending) static func granted(
        to principals: [PrincipalID], at now: Timestamp, in source: any Queryable
    ) async throws -> [PrincipalID: Rights] {
        var rights: [PrincipalID: Rights] = [:]
        for row in try await source.query(readGranted, .uuidArray(principals.map(\.uuid))) {
            guard let kind = PrincipalID.Kind(rawValue: row.text(1)) else { continue }
            rights[PrincipalID(kind, row.uuid(0))] = Rights(try GrantedRole.list(row.json(2)), at: now)
        }
        return rights
    }

    /// Who is missing from the answer may not act at all. Answers hold until the epoch moves, or a grant
    /// among them lapses, or whoever it is of.
    /// - Parameter scopes: narrow, as those of an access token do.
    nonisolated(nonsending) static func of(
        _ principals: [PrincipalID], scopes: Set<Permission>? = nil, at now: Timestamp,
        in source: any Queryable
    ) async throws -> [PrincipalID: Rights] {
        let rows = try await source.query(read, .uuidArray(principals.map(\.uuid)), .timestamp(now))
        var rights: [PrincipalID: Rights] = [:]
        for row in rows {
            guard let kind = PrincipalID.Kind(rawValue: row.text(1)) else { continue }
            let grants = try GrantedRole.list(row.json(2))
            rights[PrincipalID(kind, row.uuid(0))] = Rights(
                grants, scopes: scopes.map(Array.init), at: now, until: row.optionalTimestamp(3))
        }
        return rights
    }

    /// What is left of what the caller was let in with; nil when they may not act any more, or not by what
    /// they came by.
    nonisolated(nonsending) static func left(
        of context: Context, at now: Timestamp, in source: any Queryable
    ) async throws -> EventLeave? {
        guard let principal = context.actor.principal,
            let term = try await Bearing.term(of: context.actor, at: now, in: source)
        else { return nil }
        let rights = try await of([principal], scopes: context.rights.somewhere, at: now, in: source)
        return rights[principal].map { rights in
            EventLeave(
                rights, until: term.end,
                standingOn: Bearing.grounds(of: principal, by: context.actor.accessToken, rights))
        }
    }

    /// For whoever asks again and again, by the clock at the time of asking.
    static func reader(_ clock: Clock) -> RightsReader {
        RightsReader(now: clock.now) { principals, now, source in
            try await of(principals, at: now, in: source)
        }
    }
}
