import Crypto
import Postgres

/// The wrapped key-encryption keys as rows. The first node makes generation 1; others of the same moment find
/// it.
enum KeyEncryptionKeys {
    private static let all = Statement(
        "key_encryption_key_all", "select generation, wrapped from key_encryption_key order by generation")
    private static let insert = Statement(
        "key_encryption_key_insert",
        "insert into key_encryption_key (generation, wrapped) values ($1, $2) on conflict do nothing")

    nonisolated(nonsending) static func open(_ database: Database, under root: RootKey) async throws
        -> Keyring
    {
        var wrapped = try await read(database)
        if wrapped.isEmpty {
            let first = try WrappedKeyEncryptionKey.generate(generation: 1, under: root)
            _ = try await database.transaction { transaction in
                try await transaction.query(insert, .int32(Int32(first.generation)), .bytes(first.bytes))
            }
            wrapped = try await read(database)
        }
        return try Keyring(opening: wrapped, under: root)
    }

    /// The keys of a database that may not be migrated, or not be ours: looked at before anything is written.
    nonisolated(nonsending) static func wrapped(through connector: Connector) async throws
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

    private nonisolated(nonsending) static func read(_ database: Database) async throws
        -> [WrappedKeyEncryptionKey]
    {
        try await database.query(all).map { row in
            WrappedKeyEncryptionKey(generation: row.int(0), bytes: row.bytes(1))
        }
    }
}
