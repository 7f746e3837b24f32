import Access
import Kernel
import Postgres

/// Factors as rows.
enum FactorStore {
    private static let columns = "id, principal, kind, name, created_at, confirmed_at, last_used_at"
    static let list = Statement(
        "factor_list",
        derived: "select \(columns) from factor where principal = $1 order by created_at, id")
    static let find = Statement(
        "factor_find", derived: "select \(columns) from factor where id = $1 and principal = $2")
    private static let insertSeed = Statement(
        "factor_insert_totp",
        """
        insert into factor (id, principal, kind, name, seed, created_at)
        values ($1, $2, 'totp', normalize($3::text, NFC), $4, $5)
        """)
    private static let insertKey = Statement(
        "factor_insert_passkey",
        """
        insert into factor (id, principal, kind, name, credential, public_key, signature_count, created_at,
            confirmed_at)
        values ($1, $2, 'passkey', normalize($3::text, NFC), $4, $5, $6, $7, $7)
        """)
    private static let confirm = Statement(
        "factor_confirm",
        "update factor set confirmed_at = $2, last_used_at = $2 where id = $1 and confirmed_at is null")
    private static let use = Statement(
        "factor_use",
        """
        update factor set last_used_at = $2, signature_count = coalesce($3::bigint, signature_count)
        where id = $1
        """)
    private static let delete = Statement("factor_delete", "delete from factor where id = $1")
    private static let deleteUnconfirmed = Statement(
        "factor_delete_unconfirmed", "delete from factor where principal = $1 and confirmed_at is null")
    static let lapse = Statement(
        "factor_lapse",
        """
        delete from factor where id in (
            select id from factor where confirmed_at is null and created_at <= $1
            order by id limit $2 for update skip locked)
        """)
    private static let seeds = Statement(
        "factor_seeds",
        """
        select id, seed, confirmed_at is not null, created_at from factor
        where principal = $1 and kind = 'totp' order by created_at, id
        """)
    private static let key = Statement(
        "factor_key",
        "select id, principal, public_key, signature_count from factor where credential = $1")
    private static let credentials = Statement(
        "factor_credentials",
        "select credential from factor where principal = $1 and kind = 'passkey' order by created_at, id")

    static nonisolated(nonsending) func list(
        of user: UserID, in source: any Queryable
    ) async throws -> [Factor] {
        try await source.query(list, .id(user)).compactMap(Factor.init)
    }

    static nonisolated(nonsending) func find(
        _ id: FactorID, of user: UserID, in source: any Queryable
    ) async throws -> Factor? {
        try await source.query(find, .id(id), .id(user)).first.flatMap(Factor.init)
    }

    // MARK: Seeds

    struct Seed {
        let id: FactorID
        let sealed: [UInt8]
        let isConfirmed: Bool
        let createdAt: Timestamp

        func hasLapsed(at now: Timestamp) -> Bool {
            !isConfirmed && createdAt + Factor.unconfirmedLifetime <= now
        }
    }

    static nonisolated(nonsending) func seeds(
        of user: UserID, in transaction: Transaction
    ) async throws -> [Seed] {
        try await transaction.query(seeds, .id(user)).map {
            Seed(id: $0.id(0), sealed: $0.bytes(1), isConfirmed: $0.bool(2), createdAt: $0.timestamp(3))
        }
    }

    /// One that was begun and not confirmed makes room for it.
    static nonisolated(nonsending) func insert(
        _ id: FactorID, of user: UserID, _ name: String, seed: [UInt8], at now: Timestamp,
        in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(deleteUnconfirmed, .id(user))
        _ = try await transaction.query(
            insertSeed, .id(id), .id(user), .text(name), .bytes(seed), .timestamp(now))
    }

    /// False: it is already.
    static nonisolated(nonsending) func confirm(
        _ id: FactorID, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(confirm, .id(id), .timestamp(now))
    }

    // MARK: Passkeys

    struct Passkey {
        let id: FactorID
        let user: UserID
        /// As COSE writes it.
        let key: [UInt8]
        let signatureCount: UInt32
    }

    static nonisolated(nonsending) func passkey(
        _ credential: [UInt8], in source: any Queryable
    ) async throws -> Passkey? {
        try await source.query(key, .bytes(credential)).first.map {
            Passkey(
                id: $0.id(0), user: $0.id(1), key: $0.bytes(2),
                signatureCount: UInt32(truncatingIfNeeded: $0.int64(3)))
        }
    }

    static nonisolated(nonsending) func credentials(
        of user: UserID, in source: any Queryable
    ) async throws -> [[UInt8]] {
        try await source.query(credentials, .id(user)).map { $0.bytes(0) }
    }

    /// False: the passkey is registered already, with whomever.
    static nonisolated(nonsending) func insert(
        _ id: FactorID, of user: UserID, _ name: String, credential: [UInt8], key: [UInt8], count: UInt32,
        at now: Timestamp, in transaction: Transaction
    ) async throws -> Bool {
        guard try await passkey(credential, in: transaction) == nil else { return false }
        do throws(PostgresError) {
            try await transaction.query(
                insertKey, .id(id), .id(user), .text(name), .bytes(credential), .bytes(key),
                .int64(Int64(count)), .timestamp(now))
        } catch {
            guard error.isUniqueViolation("factor_credential") else { throw error }
            return false
        }
        return true
    }

    // MARK: Use and end

    /// - Parameter count: of a passkey.
    static nonisolated(nonsending) func noteUse(
        _ id: FactorID, count: UInt32? = nil, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            use, .id(id), .timestamp(now), .int64(count.map(Int64.init)))
    }

    static nonisolated(nonsending) func delete(_ id: FactorID, in transaction: Transaction) async throws {
        _ = try await transaction.query(delete, .id(id))
    }
}

extension Factor {
    fileprivate init?(_ row: Row) {
        guard let kind = Kind(rawValue: row.text(2)) else { return nil }
        self.init(
            id: row.id(0), user: row.id(1), kind: kind, name: row.text(3), createdAt: row.timestamp(4),
            confirmedAt: row.optionalTimestamp(5), lastUsedAt: row.optionalTimestamp(6))
    }
}
