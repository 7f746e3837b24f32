import Access
import Exchanges
import Kernel
import Postgres

/// Accounts as rows: what keys have in common.
enum AccountStore {
    /// A key's account that nobody described yet.
    private static let bare = Statement(
        "account_bare",
        """
        insert into account (id, exchange, environment, name, created_at, created_by, updated_at)
        values ($1, $2, $3, normalize($4), $5, $6, $5)
        on conflict on constraint account_name do nothing
        """)
    private static let find = Statement(
        "account_find",
        """
        select id, exchange, environment, name, uid, parent, holder, support_contact, created_at, created_by,
            updated_at, revision,
            array(
                select status from exchange_key k
                where k.exchange = account.exchange and k.environment = account.environment
                    and k.account = account.name)
        from account where id = $1
        """)
    private static let list = Statement(
        "account_list",
        """
        select id, exchange, environment, name, uid, parent, holder, support_contact, created_at, created_by,
            updated_at, revision,
            array(
                select status from exchange_key k
                where k.exchange = account.exchange and k.environment = account.environment
                    and k.account = account.name)
        from account
        where ($1::text is null or exchange = $1) and ($2::text is null or environment = $2)
            and ($3::text is null or strpos(lower(name), lower(normalize($3::text, NFC))) > 0)
            and ($5::uuid is null or (created_at, id) < ($4, $5))
        order by created_at desc, id desc
        limit $6
        """)

    /// Makes the account of a key that is registered, unless it exists.
    nonisolated(nonsending) static func make(
        _ id: AccountID, of key: ExchangeKey, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            bare, .id(id), .text(key.exchange.rawValue), .text(key.environment.rawValue), .text(key.account),
            .timestamp(key.createdAt), .text(key.createdBy.description))
    }

    nonisolated(nonsending) static func find(
        _ id: AccountID, in source: any Queryable
    ) async throws -> Account? {
        try await source.query(find, .id(id)).first.map { Account($0) }
    }

    /// One account more than the page holds, when there are more.
    nonisolated(nonsending) static func list(
        _ query: AccountQuery, in source: any Queryable
    ) async throws -> [Account] {
        try await source.query(
            list, .text(query.exchange?.rawValue), .text(query.environment?.rawValue), .text(query.text),
            .timestamp(query.after?.time), .id(query.after?.id), .int(query.limit + 1)
        ).map { Account($0) }
    }
}
