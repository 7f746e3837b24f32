import Access
import HTTPServer
import Kernel
import Postgres

enum GroupSort: String, ListSort {
    case newest = "-created_at"

    var isText: Bool { false }
    var expression: String { "g.created_at" }
}

enum MemberSort: String, ListSort {
    case oldest = "added_at"

    var isText: Bool { false }
    var expression: String { "m.added_at" }
}

/// Groups and their members as rows.
enum GroupStore {
    private static let columns = """
        g.id, g.name, g.description, g.created_at, g.created_by, g.updated_at, g.revision,
        (select count(*) from group_member m where m.group_id = g.id)
        """
    static let find = Statement(
        "group_find", derived: "select \(columns) from access_group g where g.id = $1")
    private static let lock = Statement(
        "group_lock", "select id from access_group where id = $1 for update")
    static let list = Statement(
        "group_list",
        derived: """
            select \(columns) from access_group g
            where ($1::text is null or strpos(g.name_folded, normalize($1::text, NFC)) > 0)
                and ($2::uuid is null or exists (
                    select from group_member m where m.group_id = g.id and m.principal = $2))
            """ + GroupSort.newest.tail(id: "g.id", from: 3))
    static let members = Statement(
        "group_members",
        derived: """
            select m.principal, p.kind, p.name, m.added_at, m.added_by
            from group_member m join principal p on p.id = m.principal where m.group_id = $1
            """ + MemberSort.oldest.tail(id: "m.principal", from: 2))
    private static let insert = Statement(
        "group_insert",
        """
        insert into access_group (id, name, name_folded, description, created_at, created_by, updated_at)
        values ($1, normalize($2::text, NFC), normalize($3::text, NFC), $4, $5, $6, $5)
        """)
    private static let update = Statement(
        "group_update",
        """
        update access_group set name = normalize($2::text, NFC), name_folded = normalize($3::text, NFC),
            description = $4, updated_at = $5, revision = $6
        where id = $1
        """)
    private static let uses = Statement(
        "group_uses", "select count(*) from access_grant where group_id = $1")
    private static let empty = Statement("group_empty", "delete from group_member where group_id = $1")
    private static let delete = Statement("group_delete", "delete from access_group where id = $1")
    private static let add = Statement(
        "group_add",
        """
        insert into group_member (group_id, principal, added_at, added_by) values ($1, $2, $3, $4)
        on conflict do nothing
        """)
    private static let remove = Statement(
        "group_remove", "delete from group_member where group_id = $1 and principal = $2")

    static nonisolated(nonsending) func find(_ id: GroupID, in source: any Queryable) async throws -> Group {
        guard let row = try await source.query(find, .id(id)).first else { throw Problem.notFound("group") }
        return Group(row)
    }

    static nonisolated(nonsending) func locked(
        _ id: GroupID, in transaction: Transaction
    ) async throws -> Group {
        _ = try await transaction.query(lock, .id(id))
        return try await find(id, in: transaction)
    }

    static nonisolated(nonsending) func insert(_ group: Group, in transaction: Transaction) async throws {
        try await write(
            insert, .id(group.id), .text(group.name), .text(group.name.lowercased()),
            .text(group.description), .timestamp(group.createdAt), .text(group.createdBy), in: transaction)
    }

    static nonisolated(nonsending) func update(_ group: Group, in transaction: Transaction) async throws {
        try await write(
            update, .id(group.id), .text(group.name), .text(group.name.lowercased()),
            .text(group.description), .timestamp(group.updatedAt), .int64(group.revision), in: transaction)
    }

    private static nonisolated(nonsending) func write(
        _ statement: Statement, _ parameters: Parameter..., in transaction: Transaction
    ) async throws {
        do throws(PostgresError) {
            _ = try await transaction.query(statement, parameters: parameters)
        } catch {
            guard error.isUniqueViolation("access_group_name") else { throw error }
            throw Problem.taken("name", "There is a group of this name already.")
        }
    }

    static nonisolated(nonsending) func delete(_ id: GroupID, in transaction: Transaction) async throws {
        guard try await transaction.query(uses, .id(id)).first?.int(0) ?? 0 == 0 else {
            throw Problem(.conflict, "The group is granted something: take those grants back first.")
        }
        _ = try await transaction.query(empty, .id(id))
        _ = try await transaction.query(delete, .id(id))
    }

    /// False: it is a member already.
    static nonisolated(nonsending) func add(
        _ principal: PrincipalID, to group: Group, by actor: Actor, at now: Timestamp,
        in transaction: Transaction
    ) async throws -> Bool {
        guard group.members < Group.memberLimit else {
            throw Problem(.conflict, "The group has \(Group.memberLimit) members already.")
        }
        return try await transaction.query(
            add, .id(group.id), .uuid(principal.uuid), .timestamp(now),
            .text(actor.principal?.description ?? "installation")
        ).affected == 1
    }

    /// False: it was none.
    static nonisolated(nonsending) func remove(
        _ principal: PrincipalID, from group: GroupID, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.query(remove, .id(group), .uuid(principal.uuid)).affected == 1
    }
}

extension Group {
    init(_ row: Row) {
        self.init(
            id: row.id(0), name: row.text(1), description: row.optionalText(2), createdAt: row.timestamp(3),
            createdBy: row.text(4), updatedAt: row.timestamp(5), revision: row.int64(6), members: row.int(7))
    }
}

extension GroupMember {
    init?(_ row: Row) {
        guard let kind = PrincipalID.Kind(rawValue: row.text(1)) else { return nil }
        self.init(
            principal: PrincipalID(kind, row.uuid(0)), name: row.text(2), addedAt: row.timestamp(3),
            addedBy: row.text(4))
    }
}
