import Access
import HTTPServer
import JSON
import Kernel
import Postgres

enum GrantSort: String, ListSort {
    case newest = "-created_at"

    var isText: Bool { false }
    var expression: String { "g.created_at" }
}

/// Grants as rows.
enum GrantStore {
    private static let columns = """
        g.id, g.principal, p.kind, g.group_id, g.role, g.effect, g.scope, g.expires_at, g.created_at,
        g.created_by
        """
    private static let source = "access_grant g left join principal p on p.id = g.principal"
    static let find = Statement(
        "grant_find", derived: "select \(columns) from \(source) where g.id = $1")
    static let list = Statement(
        "grant_list",
        derived: """
            select \(columns) from \(source)
            where ($1::uuid is null or g.principal = $1) and ($2::uuid is null or g.group_id = $2)
                and ($3::text is null or g.role = $3)
            """ + GrantSort.newest.tail(id: "g.id", from: 4))
    static let ofGroup = Statement(
        "grant_of_group",
        derived: "select \(columns) from \(source) where g.group_id = $1 order by g.created_at, g.id")
    static let ofRole = Statement(
        "grant_of_role",
        derived: "select \(columns) from \(source) where g.role = $1 order by g.created_at, g.id limit $2")
    private static let insert = Statement(
        "grant_insert",
        """
        insert into access_grant (id, principal, group_id, role, effect, scope, expires_at, created_at,
            created_by)
        values ($1, $2, $3, $4, $5, normalize($6::text)::jsonb, $7, $8, $9)
        """)
    private static let replace = Statement(
        "grant_replace",
        """
        delete from access_grant where principal is not distinct from $1 and group_id is not distinct from $2
            and role = $3 and effect = $4 and scope = normalize($5::text)::jsonb and expires_at <= $6
        """)
    private static let delete = Statement("grant_delete", "delete from access_grant where id = $1")
    static let lapse = Statement(
        "grant_lapse",
        """
        delete from access_grant where id in (
            select id from access_grant where expires_at <= $1 order by expires_at limit $2)
        """)

    static nonisolated(nonsending) func find(_ id: GrantID, in database: any Queryable) async throws -> Grant
    {
        let row = try await database.query(find, .id(id)).first
        guard let grant = row.flatMap(Grant.init) else { throw Problem.notFound("grant") }
        return grant
    }

    static nonisolated(nonsending) func list(
        of grantee: Grantee?, role: String?, _ page: PageRequest<GrantSort>, at now: Timestamp,
        in database: any Queryable
    ) async throws -> Response {
        let filters: [Parameter] = [.uuid(grantee?.principal), .id(grantee?.group), .text(role)]
        let rows = try await database.query(list, parameters: filters + page.parameters)
        return page.response(rows.compactMap(Grant.init)) { grant in
            (.time(grant.createdAt), grant.id.uuid)
        } write: { w, grant in
            grant.write(to: &w, at: now)
        }
    }

    /// All of a group's, the oldest first.
    static nonisolated(nonsending) func all(
        of group: GroupID, in source: any Queryable
    ) async throws -> [Grant] {
        try await source.query(ofGroup, .id(group)).compactMap(Grant.init)
    }

    static nonisolated(nonsending) func all(
        ofRole role: String, atMost limit: Int, in source: any Queryable
    ) async throws -> [Grant] {
        try await source.query(ofRole, .text(role), .int(limit)).compactMap(Grant.init)
    }

    /// One that lapsed makes room for its like.
    static nonisolated(nonsending) func insert(
        _ grant: Grant, at now: Timestamp, in transaction: Transaction
    ) async throws {
        let scope = Parameter.text(String(decoding: grant.scope.stored.bytes, as: UTF8.self))
        _ = try await transaction.query(
            replace, .uuid(grant.grantee.principal), .id(grant.grantee.group), .text(grant.role),
            .text(grant.effect.rawValue), scope, .timestamp(now))
        do throws(PostgresError) {
            try await transaction.query(
                insert, .id(grant.id), .uuid(grant.grantee.principal), .id(grant.grantee.group),
                .text(grant.role), .text(grant.effect.rawValue), scope, .timestamp(grant.expiresAt),
                .timestamp(grant.createdAt), .text(grant.createdBy))
        } catch {
            guard error.isUniqueViolation("access_grant_once") else { throw error }
            throw Problem.taken("role", "This role is granted already.")
        }
    }

    /// False when somebody was faster.
    static nonisolated(nonsending) func delete(_ id: GrantID, in transaction: Transaction) async throws
        -> Bool
    {
        try await transaction.query(delete, .id(id)).affected == 1
    }
}

extension Grant {
    init?(_ row: Row) {
        let principal = row.optionalUUID(1).flatMap { id in
            PrincipalID.Kind(rawValue: row.text(2)).map { Grantee.principal(PrincipalID($0, id)) }
        }
        guard let grantee = principal ?? row.optionalID(3, as: GroupKind.self).map(Grantee.group),
            let effect = GrantEffect(rawValue: row.text(5)),
            let scope = (try? JSONValue.parse(row.json(6))).flatMap({ Scope(stored: $0) })
        else { return nil }
        self.init(
            id: row.id(0), grantee: grantee, role: row.text(4), effect: effect, scope: scope,
            expiresAt: row.optionalTimestamp(7), createdAt: row.timestamp(8),
            createdBy: row.optionalText(9))
    }
}
