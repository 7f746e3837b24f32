import Crypto
package import Postgres

/// Which root key the installation is under, so that nodes notice another one, and shares are told right.
/// What proves a root key is that it opens the key-encryption keys; this only says which to look for.
package enum RootKeyFingerprint {
    private static let read = Statement(
        "root_key_fingerprint", "select root_fingerprint from installation")
    private static let write = Statement(
        "root_key_fingerprint_set", "update installation set root_fingerprint = $1")

    package nonisolated(nonsending) static func read(
        _ source: any Queryable
    ) async throws(PostgresError) -> String? {
        try await source.query(read).first?.optionalText(0)
    }

    static nonisolated(nonsending) func set(_ root: RootKey, in transaction: Transaction) async throws {
        _ = try await transaction.query(write, .text(try root.fingerprint()))
    }
}
