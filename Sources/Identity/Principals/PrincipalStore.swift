import Access
import HTTPServer
import Kernel
import Postgres

/// Principals as rows.
enum PrincipalStore {
    static let columns = """
        p.id, p.kind, p.name, p.email, p.purpose, p.owner, p.status, p.disabled_at, p.disable_reason,
        p.created_at, p.updated_at, p.revision, p.joined_at is not null,
        array(select g.role from access_grant g
            where g.principal = p.id and g.effect = 'allow' and g.scope = '{}' and g.expires_at is null),
        p.name_folded, has_owners_power(p.id)
        """
    static let find = Statement(
        "principal_find", derived: "select \(columns) from principal p where p.id = $1 and p.kind = $2")
    private static let lock = Statement(
        "principal_lock",
        "select id from principal where id = $1 and kind = $2 for no key update")
    private static let insert = Statement(
        "principal_insert",
        """
        insert into principal (id, kind, name, name_folded, email, email_folded, purpose, owner, status,
            joined_at, created_at, updated_at)
        values ($1, $2, normalize($3::text, NFC), normalize($4::text, NFC), normalize($5::text, NFC),
            normalize($6::text, NFC), $7, $8, $9, $10, $11, $11)
        """)
    private static let update = Statement(
        "principal_update",
        """
        update principal set name = normalize($2::text, NFC), name_folded = normalize($3::text, NFC),
            email = normalize($4::text, NFC), email_folded = normalize($5::text, NFC), purpose = $6,
            owner = $7,
            status = $8, joined_at = case when $9 then coalesce(joined_at, $12) end,
            disabled_at = $10, disable_reason = $11, updated_at = $12, revision = revision + 1
        where id = $1
        """)

    static nonisolated(nonsending) func find(
        _ id: PrincipalID, in database: any Queryable
    ) async throws(PostgresError) -> Principal? {
        try await ask(id, in: database).rows().first.flatMap(Principal.init)
    }

    /// For callers that have more to ask in the same round trip.
    static func ask(_ id: PrincipalID, in database: any Queryable) -> Postgres.Query {
        database.send(find, .uuid(id.uuid), .text(id.kind.rawValue))
    }

    /// The record, locked until the transaction ends; 404 when there is none.
    static nonisolated(nonsending) func locked(
        _ id: PrincipalID, in transaction: Transaction
    ) async throws -> Principal {
        let rows = try await transaction.query(lock, .uuid(id.uuid), .text(id.kind.rawValue))
        guard !rows.isEmpty, let principal = try await find(id, in: transaction) else {
            throw Problem.notFound(id.kind == .user ? "user" : "service account")
        }
        return principal
    }

    static nonisolated(nonsending) func insert(_ principal: Principal, in transaction: Transaction)
        async throws
    {
        do throws(PostgresError) {
            try await transaction.query(
                insert, .uuid(principal.id.uuid), .text(principal.id.kind.rawValue), .text(principal.name),
                .text(principal.name.lowercased()), .text(principal.email),
                .text(principal.email?.lowercased()),
                .text(principal.purpose), .id(principal.owner), .text(principal.status.rawValue),
                .timestamp(principal.hasJoined ? principal.createdAt : nil), .timestamp(principal.createdAt))
        } catch {
            throw error.asTaken ?? error
        }
    }

    /// Stores the changed record and answers with it as it stands then.
    static nonisolated(nonsending) func update(
        _ principal: Principal, at now: Timestamp, in transaction: Transaction
    ) async throws -> Principal {
        do throws(PostgresError) {
            try await transaction.query(
                update, .uuid(principal.id.uuid), .text(principal.name), .text(principal.name.lowercased()),
                .text(principal.email), .text(principal.email?.lowercased()), .text(principal.purpose),
                .id(principal.owner), .text(principal.status.rawValue), .bool(principal.hasJoined),
                .timestamp(principal.disabledAt), .text(principal.disableReason), .timestamp(now))
        } catch {
            throw error.asTaken ?? error
        }
        return try await find(principal.id, in: transaction) ?? principal
    }
}

extension PostgresError {
    /// The refusal that a name or address in use means.
    fileprivate var asTaken: (any Error)? {
        if isUniqueViolation("principal_email") {
            return Problem.taken("email", "There is a user with this email address already.")
        }
        if isUniqueViolation("principal_service_account_name") {
            return Problem.taken("name", "There is a service account of this name already.")
        }
        return nil
    }
}

extension Principal {
    init?(_ row: Row) {
        guard let kind = PrincipalID.Kind(rawValue: row.text(1)),
            let status = PrincipalStatus(rawValue: row.text(6))
        else { return nil }
        let roles = Set(row.textArray(13))
        self.init(
            id: PrincipalID(kind, row.uuid(0)), name: row.text(2), email: row.optionalText(3),
            purpose: row.optionalText(4), owner: row.optionalID(5), status: status,
            disabledAt: row.optionalTimestamp(7), disableReason: row.optionalText(8),
            createdAt: row.timestamp(9),
            updatedAt: row.timestamp(10), revision: row.int64(11), hasJoined: row.bool(12),
            roles: BuiltInRole.allCases.filter { roles.contains($0.rawValue) }, isOwner: row.bool(15))
    }
}
