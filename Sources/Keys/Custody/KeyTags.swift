package import Crypto
import Kernel
package import Postgres

/// The tags of all keys, when the key that makes them changes.
package enum KeyTags {
    private static let pageRows = 500

    static let untagged = Statement(
        "key_untagged",
        derived: [
            "select", KeyColumns.list,
            "from exchange_key where mac is null and id > $1 order by id limit $2 for no key update",
        ].joined(separator: " "))
    static let older = Statement(
        "key_older_tags",
        derived: [
            "select", KeyColumns.list,
            """
            from exchange_key where mac_generation < $1::integer
            order by mac_generation, id limit $2 for no key update skip locked
            """,
        ].joined(separator: " "))
    private static let write = Statement(
        "key_tags_write",
        """
        update exchange_key set mac = d.mac from unnest($1::uuid[], $2::bytea[]) as d (id, mac)
        where exchange_key.id = d.id
        """)

    /// Tags every key that has no tag: once, in the transaction that takes an installation into custody. From
    /// then on a key without a tag was tampered with.
    package nonisolated(nonsending) static func tagAll(
        in transaction: Transaction, by keyring: Keyring
    ) async throws {
        var last = UUID(high: 0, low: 0)
        while true {
            let rows = try await transaction.query(untagged, .uuid(last), .int(pageRows)).map { KeyRow($0) }
            guard let end = rows.last else { return }
            let tags = try rows.map { keyring.stateTag(for: try ExchangeKey($0).stateBytes) }
            _ = try await transaction.query(write, .idArray(rows.map(\.id)), .byteaArray(tags))
            last = end.id.uuid
        }
    }

    /// Tags anew at most so many keys whose tag is of an older generation; how many. A key that was tampered
    /// with stays so: it gets a tag that is no key's.
    package nonisolated(nonsending) static func retag(
        in transaction: Transaction, by keyring: Keyring, limit: Int
    ) async throws -> Int {
        let rows = try await transaction.query(older, .int(keyring.currentGeneration), .int(limit)).map {
            KeyRow($0)
        }
        guard !rows.isEmpty else { return 0 }
        let tags = rows.map { row in
            guard let key = try? ExchangeKey(row), let tag = row.tag,
                keyring.isValid(tag: tag, for: key.stateBytes)
            else { return keyring.stateTag(for: []) }
            return keyring.stateTag(for: key.stateBytes)
        }
        _ = try await transaction.query(write, .idArray(rows.map(\.id)), .byteaArray(tags))
        return rows.count
    }
}
