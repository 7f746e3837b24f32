import Access
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// Accounts as rows.
enum AccountStore {
    /// A key's account that nobody described yet.
    private static let bare = Statement(
        "account_bare",
        """
        insert into account (id, exchange, environment, name, created_at, created_by, updated_at)
        values ($1, $2, $3, normalize($4), $5, $6, $5)
        on conflict on constraint account_name do nothing
        """)
    private static let insert = Statement(
        "account_insert",
        """
        insert into account (id, exchange, environment, name, uid, parent, holder, support_contact,
            created_at, created_by, updated_at, revision)
        values ($1, $2, $3, normalize($4), $5, $6, $7, $8, $9, $10, $11, $12)
        """)
    private static let update = Statement(
        "account_update",
        """
        update account set uid = $2, parent = $3, holder = $4, support_contact = $5, updated_at = $6,
            revision = $7
        where id = $1
        """)
    static let find = Statement(
        "account_find",
        derived: [
            "select", Account.columns, ",", AccountRow.counts, "from account a", AccountRow.joins(2),
            "where a.id = $1",
        ].joined(separator: " "))
    static let lock = Statement(
        "account_lock",
        derived: ["select", Account.columns, "from account a where a.id = $1 for no key update"]
            .joined(separator: " "))
    static let list = Statement(
        "account_list",
        derived: [
            "select", Account.columns, ",", AccountRow.counts,
            """
            from (
                select id, exchange, environment, name, uid, parent, holder, support_contact, created_at,
                    created_by, updated_at, revision
                from account
                where ($1::text is null or exchange = $1) and ($2::text is null or environment = $2)
                    and ($3::text is null or strpos(lower(name), lower(normalize($3::text, NFC))) > 0)
                    and ($4::uuid is null or parent = $4)
                    and ($6::uuid is null or (created_at, id) < ($5, $6))
                    and ($8::jsonb is null or
            """, Sight.ofAccounts(8, "account"),
            """
                    )
                order by created_at desc, id desc
                limit $7) a
            """, AccountRow.joins(8), "order by a.created_at desc, a.id desc",
        ].joined(separator: " "))
    private static let uid = Statement(
        "account_uid", "select uid from account where exchange = $1 and environment = $2 and name = $3")

    /// Makes the account of a key that is registered, unless it exists.
    nonisolated(nonsending) static func make(
        _ id: AccountID, of key: ExchangeKey, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            bare, .id(id), .text(key.exchange.rawValue), .text(key.environment.rawValue), .text(key.account),
            .timestamp(key.createdAt), .text(key.createdBy.description))
    }

    nonisolated(nonsending) static func insert(_ account: Account, in transaction: Transaction) async throws {
        do throws(PostgresError) {
            _ = try await transaction.query(
                insert, .id(account.id), .text(account.exchange.rawValue),
                .text(account.environment.rawValue), .text(account.name), .text(account.uid),
                .id(account.parent), .text(account.holder), .text(account.supportContact),
                .timestamp(account.createdAt), .text(account.createdBy), .timestamp(account.updatedAt),
                .int64(account.revision))
        } catch  where error.isUniqueViolation("account_name") {
            throw Problem(
                .alreadyExists, "There is an account of this exchange and environment with that name.",
                errors: [FieldError(pointer: "/name", code: "already_exists", message: "is taken")])
        }
    }

    /// Of a row that is locked.
    nonisolated(nonsending) static func update(_ account: Account, in transaction: Transaction) async throws {
        _ = try await transaction.query(
            update, .id(account.id), .text(account.uid), .id(account.parent), .text(account.holder),
            .text(account.supportContact), .timestamp(account.updatedAt), .int64(account.revision))
    }

    nonisolated(nonsending) static func find(
        _ id: AccountID, for context: Context, in source: any Queryable
    ) async throws -> AccountRow? {
        try await source.query(find, parameters: [.id(id)] + AccountRow.sights(of: context)).first
            .map { AccountRow($0) }
    }

    nonisolated(nonsending) static func locked(
        _ id: AccountID, in transaction: Transaction
    ) async throws -> Account? {
        try await transaction.query(lock, .id(id)).first.map { Account($0) }
    }

    /// One account more than the page holds, when there are more.
    nonisolated(nonsending) static func list(
        _ query: AccountQuery, for context: Context, in source: any Queryable
    ) async throws -> [AccountRow] {
        let filters: [Parameter] = [
            .text(query.exchange?.rawValue), .text(query.environment?.rawValue), .text(query.text),
            .id(query.parent), .timestamp(query.after?.time), .id(query.after?.id), .int(query.limit + 1),
        ]
        return try await source.query(list, parameters: filters + AccountRow.sights(of: context))
            .map { AccountRow($0) }
    }

    /// The number that the record of a key's account has, if it has one.
    nonisolated(nonsending) static func uid(
        of key: ExchangeKey, in source: any Queryable
    ) async throws -> String? {
        let rows = try await source.query(
            uid, .text(key.exchange.rawValue), .text(key.environment.rawValue), .text(key.account))
        return rows.first?.optionalText(0)
    }
}
