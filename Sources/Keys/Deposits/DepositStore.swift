import Access
import Identity
import Kernel
import Postgres

/// Deposit links as rows. Of a link's token, only the hash is stored.
enum DepositStore {
    private static let insert = Statement(
        "deposit_insert",
        """
        insert into key_deposit (id, key, hash, note, created_at, created_by, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        """)
    private static let openCount = Statement(
        "deposit_open_count",
        """
        select count(*) from key_deposit
        where key = $1 and used_at is null and withdrawn_at is null and expires_at > $2
        """)
    static let list = Statement(
        "deposit_list",
        derived: [
            "select", DepositLink.columns,
            """
            from key_deposit
            where key = $1 and ($3::uuid is null or (created_at, id) < ($2, $3))
            order by created_at desc, id desc limit $4
            """,
        ].joined(separator: " "))
    static let find = Statement(
        "deposit_find",
        derived: ["select", DepositLink.columns, "from key_deposit where hash = $1"].joined(separator: " "))
    static let lock = Statement(
        "deposit_lock",
        derived: ["select", DepositLink.columns, "from key_deposit where hash = $1 for no key update"]
            .joined(separator: " "))
    static let lockOne = Statement(
        "deposit_lock_one",
        derived: [
            "select", DepositLink.columns, "from key_deposit where key = $1 and id = $2 for no key update",
        ].joined(separator: " "))
    private static let spend = Statement(
        "deposit_spend",
        "update key_deposit set used_at = $2, used_from = $3, version = $4::integer where id = $1")
    private static let withdraw = Statement(
        "deposit_withdraw", "update key_deposit set withdrawn_at = $2 where id = $1")

    nonisolated(nonsending) static func insert(
        _ link: DepositLink, hash: SecretHash, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            insert, .id(link.id), .id(link.key), .bytes(hash.bytes), .text(link.note),
            .timestamp(link.createdAt), .text(link.createdBy), .timestamp(link.expiresAt))
    }

    nonisolated(nonsending) static func openCount(
        of key: ExchangeKeyID, at now: Timestamp, in transaction: Transaction
    ) async throws -> Int {
        try await transaction.query(openCount, .id(key), .timestamp(now)).first?.int(0) ?? 0
    }

    /// The newest first; one more than the page holds, when there are more.
    nonisolated(nonsending) static func list(
        of key: ExchangeKeyID, after place: (time: Timestamp, id: DepositID)?, limit: Int,
        in source: any Queryable
    ) async throws -> [DepositLink] {
        try await source.query(
            list, .id(key), .timestamp(place?.time), .id(place?.id), .int(limit + 1)
        ).map { DepositLink($0) }
    }

    nonisolated(nonsending) static func find(
        _ hash: SecretHash, in source: any Queryable
    ) async throws -> DepositLink? {
        try await source.query(find, .bytes(hash.bytes)).first.map { DepositLink($0) }
    }

    nonisolated(nonsending) static func locked(
        _ hash: SecretHash, in transaction: Transaction
    ) async throws -> DepositLink? {
        try await transaction.query(lock, .bytes(hash.bytes)).first.map { DepositLink($0) }
    }

    nonisolated(nonsending) static func locked(
        _ id: DepositID, of key: ExchangeKeyID, in transaction: Transaction
    ) async throws -> DepositLink? {
        try await transaction.query(lockOne, .id(key), .id(id)).first.map { DepositLink($0) }
    }

    /// Of a link that is locked.
    nonisolated(nonsending) static func spend(
        _ id: DepositID, on version: Int, from address: String, at now: Timestamp,
        in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            spend, .id(id), .timestamp(now), .text(address), .int(version))
    }

    /// Of a link that is locked.
    nonisolated(nonsending) static func withdraw(
        _ id: DepositID, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(withdraw, .id(id), .timestamp(now))
    }
}
