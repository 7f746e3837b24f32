import Access
import HTTPServer
import Kernel
import Postgres

enum GrantSort: String, ListSort {
    case newest = "-created_at"

    var isText: Bool { false }
    var expression: String { "g.created_at" }
}

/// Grants as rows.
enum GrantStore {
    private static let columns = "g.id, g.principal, p.kind, g.role, g.created_at, g.created_by"
    private static let source = "access_grant g join principal p on p.id = g.principal"
    static let find = Statement(
        "grant_find", derived: "select \(columns) from \(source) where g.id = $1")
    static let list = Statement(
        "grant_list",
        derived: """
            select \(columns) from \(source)
            where ($1::uuid is null or g.principal = $1) and ($2::text is null or g.role = $2)
            """ + GrantSort.newest.tail(id: "g.id", from: 3))
    private static let insert = Statement(
        "grant_insert",
        "insert into access_grant (id, principal, role, created_at, created_by) values ($1, $2, $3, $4, $5)")
    private static let delete = Statement("grant_delete", "delete from access_grant where id = $1")
    private static let mine = Statement(
        "grant_mine", "select id, role from access_grant where principal = $1 order by created_at, id")

    static nonisolated(nonsending) func find(_ id: GrantID, in database: any Queryable) async throws -> Grant
    {
        let row = try await database.query(find, .id(id)).first
        guard let grant = row.flatMap(Grant.init) else { throw Problem.notFound("grant") }
        return grant
    }

    static nonisolated(nonsending) func list(
        of principal: UUID?, role: BuiltInRole?, _ page: PageRequest<GrantSort>, in database: any Queryable
    ) async throws -> Response {
        let rows = try await database.query(
            list, parameters: [.uuid(principal), .text(role?.rawValue)] + page.parameters)
        return page.response(rows.compactMap(Grant.init)) { grant in
            (.time(grant.createdAt), grant.id.uuid)
        } write: { w, grant in
            grant.write(to: &w)
        }
    }

    static nonisolated(nonsending) func insert(_ grant: Grant, in transaction: Transaction) async throws {
        do throws(PostgresError) {
            try await transaction.query(
                insert, .id(grant.id), .uuid(grant.principal.uuid), .text(grant.role.rawValue),
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

    /// A principal's grants, oldest first.
    static nonisolated(nonsending) func roles(
        of principal: UUID, in database: any Queryable
    ) async throws -> [(grant: GrantID, role: BuiltInRole)] {
        try await database.query(mine, .uuid(principal)).compactMap { row in
            BuiltInRole(rawValue: row.text(1)).map { (row.id(0), $0) }
        }
    }
}

extension Grant {
    init?(_ row: Row) {
        guard let kind = PrincipalID.Kind(rawValue: row.text(2)),
            let role = BuiltInRole(rawValue: row.text(3))
        else { return nil }
        self.init(
            id: row.id(0), principal: PrincipalID(kind, row.uuid(1)), role: role, createdAt: row.timestamp(4),
            createdBy: row.optionalText(5))
    }
}
