import Access
import Identity
import Kernel
import Postgres

/// What principals may do at this moment, for whoever acts with an owner's eyes: rules, webhooks, streams.
enum PrincipalRights {
    private static let read = Statement(
        "principal_rights",
        """
        select p.id, p.kind, array(select g.role from access_grant g
            where g.principal = p.id and g.effect = 'allow' and g.scope = '{}')
        from principal p where p.id = any ($1) and p.status = 'active'
        """)

    /// Who is missing from the answer may not act at all.
    nonisolated(nonsending) static func of(
        _ principals: [PrincipalID], in source: any Queryable
    ) async throws -> [PrincipalID: Set<Permission>] {
        let rows = try await source.query(read, .uuidArray(principals.map(\.uuid)))
        var rights: [PrincipalID: Set<Permission>] = [:]
        for row in rows {
            guard let kind = PrincipalID.Kind(rawValue: row.text(1)) else { continue }
            let roles = row.textArray(2).compactMap(BuiltInRole.init)
            rights[PrincipalID(kind, row.uuid(0))] = roles.reduce(into: []) { $0.formUnion($1.permissions) }
        }
        return rights
    }

    /// What is left of what the caller was let in with; nil when they may not act any more, or not by what
    /// they came by.
    nonisolated(nonsending) static func left(
        of context: Context, at now: Timestamp, in source: any Queryable
    ) async throws -> Set<Permission>? {
        guard let principal = context.actor.principal,
            try await Bearing.counts(context.actor, at: now, in: source)
        else { return nil }
        return try await of([principal], in: source)[principal]?.intersection(context.permissions)
    }
}
