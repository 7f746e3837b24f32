import Access
import HTTPServer
import Kernel
import Postgres

/// Own roles as rows; the built-in ones stand in the service.
enum RoleStore {
    /// More than a desk can tell apart, and so few that a list need not be paged.
    static let limit = 200

    private static let columns =
        "name, description, permissions, created_at, created_by, updated_at, revision"
    static let find = Statement("role_find", derived: "select \(columns) from role where name = $1")
    static let lock = Statement(
        "role_lock", derived: "select \(columns) from role where name = $1 for update")
    static let all = Statement("role_all", derived: "select \(columns) from role order by name limit $1")
    private static let insert = Statement(
        "role_insert",
        """
        insert into role (name, description, permissions, created_at, created_by, updated_at)
        values ($1, $2, $3, $4, $5, $4) on conflict do nothing
        """)
    private static let update = Statement(
        "role_update",
        "update role set description = $2, permissions = $3, updated_at = $4, revision = $5 where name = $1")
    private static let delete = Statement("role_delete", "delete from role where name = $1")
    private static let uses = Statement("role_uses", "select count(*) from access_grant where role = $1")
    private static let guards = Statement(
        "role_guards", "select name from approval_rule where role = $1 order by name limit 1")
    private static let count = Statement("role_count", "select count(*) from role")

    /// Nil: there is none.
    static nonisolated(nonsending) func find(
        _ name: String, in source: any Queryable
    ) async throws -> Role? {
        if let role = BuiltInRole(rawValue: name) { return Role(role) }
        return try await source.query(find, .text(name)).first.map(Role.init)
    }

    /// Own roles by name; a grant of one that is made meanwhile waits.
    static nonisolated(nonsending) func locked(
        _ name: String, in transaction: Transaction
    ) async throws -> Role {
        guard let row = try await transaction.query(lock, .text(name)).first else {
            throw Problem.notFound("role")
        }
        return Role(row)
    }

    static nonisolated(nonsending) func all(in source: any Queryable) async throws -> [Role] {
        BuiltInRole.allCases.map(Role.init) + (try await source.query(all, .int(limit)).map(Role.init))
    }

    static nonisolated(nonsending) func insert(_ role: Role, in transaction: Transaction) async throws {
        guard try await transaction.query(count).first?.int(0) ?? 0 < limit else {
            throw Problem(.conflict, "There are \(limit) own roles already: delete some.")
        }
        let inserted = try await transaction.query(
            insert, .text(role.name), .text(role.description), .textArray(role.permissions.texts),
            .timestamp(role.record?.createdAt), .text(role.record?.createdBy))
        guard inserted.affected == 1 else { throw Problem.taken("name", "There is a role of this name.") }
    }

    static nonisolated(nonsending) func update(_ role: Role, in transaction: Transaction) async throws {
        _ = try await transaction.query(
            update, .text(role.name), .text(role.description), .textArray(role.permissions.texts),
            .timestamp(role.record?.updatedAt), .int64(role.record?.revision))
    }

    static nonisolated(nonsending) func delete(_ name: String, in transaction: Transaction) async throws {
        guard try await transaction.query(uses, .text(name)).first?.int(0) ?? 0 == 0 else {
            throw Problem(.conflict, "The role is granted: take those grants back first.")
        }
        // Nobody could satisfy such a rule any more, and whoever made the role anew would choose who does.
        if let rule = try await transaction.query(guards, .text(name)).first?.text(0) {
            throw Problem(.conflict, "The approval rule \"\(rule)\" asks for this role: change it first.")
        }
        _ = try await transaction.query(delete, .text(name))
    }
}

extension Role {
    fileprivate init(_ row: Row) {
        self.init(
            name: row.text(0), description: row.text(1),
            permissions: Set(row.textArray(2).compactMap(Permission.init)),
            record: Record(
                createdAt: row.timestamp(3), createdBy: row.text(4), updatedAt: row.timestamp(5),
                revision: row.int64(6)))
    }
}

extension Set<Permission> {
    /// In the order of the contract.
    var texts: [String] { Permission.allCases.filter(contains).map(\.rawValue) }
}
