import Access
import Exchanges
import JSON
import Kernel
import Postgres

/// Versions as rows. Whoever changes one holds its key's row.
enum KeyVersionStore {
    /// Versions of one key, destroyed ones included: each is a row for ever.
    static let limit = 1_000
    /// Of the destroyed ones, an answer shows the newest.
    private static let shownDestroyed = 5

    static let all = Statement(
        "key_versions",
        derived: ["select", KeyVersion.columns, "from key_version where key = $1 order by version"]
            .joined(separator: " "))
    private static let insert = Statement(
        "key_version_insert",
        """
        insert into key_version (key, version, state, kind, origin, api_key_hint, public_key_pem, credential,
            fingerprint, created_at, created_by, activated_at)
        values ($1, $2::integer, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """)
    private static let update = Statement(
        "key_version_update",
        """
        update key_version set state = $3, api_key_hint = $4, verified_at = $5, activated_at = $6,
            retired_at = $7
        where key = $1 and version = $2::integer
        """)
    private static let reseal = Statement(
        "key_version_reseal",
        "update key_version set credential = $3 where key = $1 and version = $2::integer")
    private static let destroy = Statement(
        "key_version_destroy",
        """
        update key_version set state = 'destroyed', credential = null, destroyed_at = $3, destroyed_by = $4
        where key = $1 and version = $2::integer
        """)
    private static let credential = Statement(
        "key_version_credential",
        "select credential from key_version where key = $1 and version = $2::integer")
    private static let show = Statement(
        "key_version_list", "update exchange_key set version_list = $2 where id = $1")
    private static let lockFingerprint = Statement(
        "key_fingerprint_lock", "select pg_advisory_xact_lock($1)")
    private static let twin = Statement(
        "key_version_twin",
        """
        select key, version::bigint from key_version where fingerprint = $1 and state <> 'destroyed'
            and not (key = $2 and version = $3::integer)
        order by key, version limit 1
        """)

    nonisolated(nonsending) static func all(
        of key: ExchangeKeyID, in source: any Queryable
    ) async throws -> [KeyVersion] {
        try await source.query(all, .id(key)).map { KeyVersion($0) }
    }

    nonisolated(nonsending) static func insert(
        _ version: KeyVersion, credential: [UInt8], of key: ExchangeKeyID, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            insert, .id(key), .int(version.number), .text(version.state.rawValue),
            .text(version.kind.rawValue), .text(version.origin.rawValue), .text(version.apiKeyHint),
            .text(version.publicKeyPEM), .bytes(credential), .bytes(version.fingerprint),
            .timestamp(version.createdAt), .text(version.createdBy.description),
            .timestamp(version.activatedAt))
    }

    nonisolated(nonsending) static func update(
        _ version: KeyVersion, of key: ExchangeKeyID, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            update, .id(key), .int(version.number), .text(version.state.rawValue), .text(version.apiKeyHint),
            .timestamp(version.verifiedAt), .timestamp(version.activatedAt), .timestamp(version.retiredAt))
    }

    nonisolated(nonsending) static func reseal(
        _ version: Int, of key: ExchangeKeyID, credential: [UInt8], in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(reseal, .id(key), .int(version), .bytes(credential))
    }

    /// For good: what was sealed is nowhere any more, but in backups and, until it is vacuumed, on the disk,
    /// both of which need the key-encryption key of its time.
    nonisolated(nonsending) static func destroy(
        _ version: Int, of key: ExchangeKeyID, by: String, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(destroy, .id(key), .int(version), .timestamp(now), .text(by))
    }

    /// Sealed; nil once it was destroyed.
    nonisolated(nonsending) static func credential(
        of key: ExchangeKeyID, version: Int, in source: any Queryable
    ) async throws -> [UInt8]? {
        try await source.query(credential, .id(key), .int(version)).first?.optionalBytes(0)
    }

    /// Writes what answers show of a key's versions beside the key: reading a key stays one row.
    nonisolated(nonsending) static func show(
        _ versions: [KeyVersion], of key: ExchangeKeyID, in transaction: Transaction
    ) async throws {
        let destroyed = versions.filter { $0.state == .destroyed }.suffix(shownDestroyed).map(\.number)
        let shown = versions.filter { $0.state != .destroyed || destroyed.contains($0.number) }
        var w = JSONWriter()
        w.array(shown) { w, version in w.value(version) }
        _ = try await transaction.query(
            show, .id(key), .text(String(decoding: w.bytes, as: UTF8.self)))
    }

    private static let holder = Statement(
        "key_version_holder",
        """
        select key from key_version where fingerprint = $1 and state <> 'destroyed' order by key limit 1
        """)

    /// A key that has the secret now.
    nonisolated(nonsending) static func holder(
        of fingerprint: [UInt8], in source: any Queryable
    ) async throws -> ExchangeKeyID? {
        try await source.query(holder, .bytes(fingerprint)).first?.id(0)
    }

    /// Another version with the same secret. Two registrations of one secret at the same moment wait for each
    /// other.
    nonisolated(nonsending) static func twin(
        of fingerprint: [UInt8], notOf key: ExchangeKeyID, version: Int, in transaction: Transaction
    ) async throws -> (key: ExchangeKeyID, version: Int)? {
        let number = fingerprint.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
        _ = try await transaction.query(lockFingerprint, .int64(number))
        return try await transaction.query(twin, .bytes(fingerprint), .id(key), .int(version)).first.map {
            ($0.id(0), $0.int(1))
        }
    }
}
