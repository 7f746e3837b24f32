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

    private nonisolated(nonsending) static func read(_ database: Database) async throws
        -> [WrappedKeyEncryptionKey]
    {
        try await database.query(all).map { row in
            WrappedKeyEncryptionKey(generation: row.int(0), bytes: row.bytes(1))
        }
    }
}
