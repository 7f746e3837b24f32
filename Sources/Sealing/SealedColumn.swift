import Crypto
import EventLoop
import Postgres

/// A column of sealed bytes, whichever room's it is, and how to take its rows by the generation that they
/// hang on. The generation column is the cursor: whatever is killed, what is left is what is still old.
struct SealedColumn: Sendable {
    let name: String
    /// Rows of an older generation, not held by anybody and not among those named: their key as text, and
    /// the bytes.
    let take: Statement
    let write: Statement
    let count: Statement
    /// Snapshots of configuration hold these bytes.
    var isConfiguration = false

    static let all = [
        webhookKey, webhookSecret, webhookPrivate, webhookChannel, installationKey, credential, factorSeed,
        approvalRequest, approvalResult,
    ]

    private static let webhookKey = SealedColumn(
        name: "webhook.signing_key",
        take: Statement(
            "rewrap_webhook_take",
            """
            select id::text, signing_key from webhook where signing_key_generation < $1
                and id::text <> all($3)
            order by signing_key_generation, id limit $2 for no key update skip locked
            """),
        write: Statement(
            "rewrap_webhook_write",
            """
            update webhook set signing_key = d.sealed
            from unnest($1::text[], $2::bytea[]) as d (id, sealed) where webhook.id = d.id::uuid
            """),
        count: Statement(
            "rewrap_webhook_count", "select count(*) from webhook where signing_key_generation < $1"),
        isConfiguration: true)

    private static let webhookSecret = SealedColumn(
        name: "webhook_secret.sealed",
        take: Statement(
            "rewrap_webhook_secret_take",
            """
            select id::text, sealed from webhook_secret where sealed_generation < $1
                and id::text <> all($3)
            order by sealed_generation, id limit $2 for no key update skip locked
            """),
        write: Statement(
            "rewrap_webhook_secret_write",
            """
            update webhook_secret set sealed = d.sealed
            from unnest($1::text[], $2::bytea[]) as d (id, sealed) where webhook_secret.id = d.id::uuid
            """),
        count: Statement(
            "rewrap_webhook_secret_count",
            "select count(*) from webhook_secret where sealed_generation < $1"),
        isConfiguration: true)

    private static let webhookPrivate = SealedColumn(
        name: "webhook_private.sealed",
        take: Statement(
            "rewrap_webhook_private_take",
            """
            select id::text, sealed from webhook_private where sealed_generation < $1
                and id::text <> all($3)
            order by sealed_generation, id limit $2 for no key update skip locked
            """),
        write: Statement(
            "rewrap_webhook_private_write",
            """
            update webhook_private set sealed = d.sealed
            from unnest($1::text[], $2::bytea[]) as d (id, sealed) where webhook_private.id = d.id::uuid
            """),
        count: Statement(
            "rewrap_webhook_private_count",
            "select count(*) from webhook_private where sealed_generation < $1"),
        isConfiguration: true)

    private static let webhookChannel = SealedColumn(
        name: "webhook_channel.sealed",
        take: Statement(
            "rewrap_webhook_channel_take",
            """
            select webhook::text, sealed from webhook_channel where sealed_generation < $1
                and webhook::text <> all($3)
            order by sealed_generation, webhook limit $2 for no key update skip locked
            """),
        write: Statement(
            "rewrap_webhook_channel_write",
            """
            update webhook_channel set sealed = d.sealed
            from unnest($1::text[], $2::bytea[]) as d (id, sealed) where webhook_channel.webhook = d.id::uuid
            """),
        count: Statement(
            "rewrap_webhook_channel_count",
            "select count(*) from webhook_channel where sealed_generation < $1"),
        isConfiguration: true)

    private static let installationKey = SealedColumn(
        name: "installation_key.sealed",
        take: Statement(
            "rewrap_installation_key_take",
            """
            select purpose, sealed from installation_key where sealed_generation < $1
                and purpose <> all($3)
            order by sealed_generation, purpose limit $2 for no key update skip locked
            """),
        write: Statement(
            "rewrap_installation_key_write",
            """
            update installation_key set sealed = d.sealed
            from unnest($1::text[], $2::bytea[]) as d (purpose, sealed)
            where installation_key.purpose = d.purpose
            """),
        count: Statement(
            "rewrap_installation_key_count",
            "select count(*) from installation_key where sealed_generation < $1"))

    private static let credential = SealedColumn(
        name: "key_version.credential",
        take: Statement(
            "rewrap_key_version_take",
            """
            select key || '/' || version, credential from key_version where credential_generation < $1
                and key || '/' || version <> all($3)
            order by credential_generation, key, version limit $2 for no key update skip locked
            """),
        write: Statement(
            "rewrap_key_version_write",
            """
            update key_version set credential = d.sealed
            from unnest($1::text[], $2::bytea[]) as d (id, sealed)
            where key_version.key = split_part(d.id, '/', 1)::uuid
                and key_version.version = split_part(d.id, '/', 2)::integer
            """),
        count: Statement(
            "rewrap_key_version_count",
            "select count(*) from key_version where credential_generation < $1"))

    private static let factorSeed = SealedColumn(
        name: "factor.seed",
        take: Statement(
            "rewrap_factor_take",
            """
            select id::text, seed from factor where seed_generation < $1 and id::text <> all($3)
            order by seed_generation, id limit $2 for no key update skip locked
            """),
        write: Statement(
            "rewrap_factor_write",
            """
            update factor set seed = d.sealed
            from unnest($1::text[], $2::bytea[]) as d (id, sealed) where factor.id = d.id::uuid
            """),
        count: Statement("rewrap_factor_count", "select count(*) from factor where seed_generation < $1"))

    private static let approvalRequest = SealedColumn(
        name: "approval.request",
        take: Statement(
            "rewrap_approval_request_take",
            """
            select id::text, request from approval where request_generation < $1 and id::text <> all($3)
            order by request_generation, id limit $2 for no key update skip locked
            """),
        write: Statement(
            "rewrap_approval_request_write",
            """
            update approval set request = d.sealed
            from unnest($1::text[], $2::bytea[]) as d (id, sealed) where approval.id = d.id::uuid
            """),
        count: Statement(
            "rewrap_approval_request_count",
            "select count(*) from approval where request_generation < $1"))

    private static let approvalResult = SealedColumn(
        name: "approval.result",
        take: Statement(
            "rewrap_approval_result_take",
            """
            select id::text, result from approval where result_generation < $1 and id::text <> all($3)
            order by result_generation, id limit $2 for no key update skip locked
            """),
        write: Statement(
            "rewrap_approval_result_write",
            """
            update approval set result = d.sealed
            from unnest($1::text[], $2::bytea[]) as d (id, sealed) where approval.id = d.id::uuid
            """),
        count: Statement(
            "rewrap_approval_result_count",
            "select count(*) from approval where result_generation < $1"))

    /// Re-wraps at most so many rows under the keyring's current generation. Off the loop, so that requests
    /// do not wait for it. Rows that somebody altered stay as they are.
    /// - Parameter blocked: keys of rows that are known to be such.
    nonisolated(nonsending) func rewrap(
        by keyring: Keyring, limit: Int, past blocked: [String], on offLoop: OffLoop,
        in transaction: Transaction
    ) async throws -> (moved: Int, blocked: [String]) {
        let rows = try await transaction.query(
            take, .int32(Int32(keyring.currentGeneration)), .int(limit), .textArray(blocked))
        guard !rows.isEmpty else { return (0, []) }
        let old = rows.map { $0.bytes(1) }
        let sealed = try await offLoop.run { try old.map { try Self.rewrapped($0, by: keyring) } }
        let moved = zip(rows, sealed).compactMap { row, bytes in bytes.map { (row.text(0), $0) } }
        let stuck = zip(rows, sealed).compactMap { row, bytes in bytes == nil ? row.text(0) : nil }
        if !moved.isEmpty {
            _ = try await transaction.query(
                write, .textArray(moved.map(\.0)), .byteaArray(moved.map(\.1)))
        }
        return (moved.count, stuck)
    }

    /// nil for bytes that are not as the service wrote them.
    private static func rewrapped(_ sealed: [UInt8], by keyring: Keyring) throws(SealingError) -> [UInt8]? {
        do throws(SealingError) {
            return try keyring.rewrap(sealed)
        } catch .notAuthentic, .malformed, .unknownGeneration {
            return nil
        } catch { throw error }
    }
}
