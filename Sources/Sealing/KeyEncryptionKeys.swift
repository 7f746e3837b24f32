package import Crypto
package import Postgres

/// The wrapped key-encryption keys as rows.
package enum KeyEncryptionKeys {
    /// Held by whoever reads all of them to open the seal, or changes which there are: a node never opens
    /// half of a rotation.
    private static let advisoryLock: Int64 = 0x6B62_7365_616C  // "kbseal"

    private static let lock = Statement("key_encryption_key_lock", "select pg_advisory_xact_lock($1)")
    private static let all = Statement(
        "key_encryption_key_all", "select generation, wrapped from key_encryption_key order by generation")
    private static let insert = Statement(
        "key_encryption_key_insert", "insert into key_encryption_key (generation, wrapped) values ($1, $2)")
    private static let update = Statement(
        "key_encryption_key_update", "update key_encryption_key set wrapped = $2 where generation = $1")

    package nonisolated(nonsending) static func lock(in transaction: Transaction) async throws(PostgresError)
        -> [WrappedKeyEncryptionKey]
    {
        _ = try await transaction.query(lock, .int64(advisoryLock))
        return try await read(transaction)
    }

    package nonisolated(nonsending) static func read(_ source: any Queryable) async throws(PostgresError)
        -> [WrappedKeyEncryptionKey]
    {
        try await source.query(all).map { row in
            WrappedKeyEncryptionKey(generation: row.int(0), bytes: row.bytes(1))
        }
    }

    static nonisolated(nonsending) func insert(
        _ key: WrappedKeyEncryptionKey, in transaction: Transaction
    ) async throws(PostgresError) {
        _ = try await transaction.query(insert, .int32(Int32(key.generation)), .bytes(key.bytes))
    }

    static nonisolated(nonsending) func update(
        _ keys: [WrappedKeyEncryptionKey], in transaction: Transaction
    ) async throws(PostgresError) {
        for key in keys {
            _ = try await transaction.query(update, .int32(Int32(key.generation)), .bytes(key.bytes))
        }
    }

    /// Of a database that may not be migrated, or not be ours: looked at before anything is written.
    package nonisolated(nonsending) static func read(through connector: Connector) async throws
        -> [WrappedKeyEncryptionKey]
    {
        let connection = try await connector.plainConnection()
        defer { connection.close() }
        let table = try await connection.run("select to_regclass('key_encryption_key')::text")
        guard table?.first?.optionalText(0) != nil else { return [] }
        let rows = try await connection.run(
            "select generation::text, encode(wrapped, 'hex') from key_encryption_key order by generation")
        return (rows.map(Array.init) ?? []).map { row in
            WrappedKeyEncryptionKey(
                generation: Int(row.text(0)) ?? 0, bytes: Hex.decode(row.text(1)) ?? [])
        }
    }
}
