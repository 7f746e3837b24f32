import Access
import HTTPServer
import JSON
import Kernel
import Postgres

/// Webhooks as rows.
enum WebhookStore {
    static let find = Statement(
        "webhook_find",
        derived: ["select", WebhookRecord.columns, "from", WebhookRecord.tables, "where w.id = $1"]
            .joined(separator: " "))
    static let lock = Statement(
        "webhook_lock",
        derived: [
            "select", WebhookRecord.columns, "from", WebhookRecord.tables,
            "where w.id = $1 for no key update of w",
        ].joined(separator: " "))
    private static let hold = Statement("webhook_hold", "select from webhook where id = $1 for update")
    private static let secrets = Statement(
        "webhook_secrets",
        """
        select webhook, id, created_at, expires_at, last_used_at from webhook_secret
        where webhook = any ($1::uuid[]) and (expires_at is null or expires_at > $2)
        order by created_at desc, id desc
        """)
    private static let insert = Statement(
        "webhook_insert",
        """
        with made as (
            insert into webhook (id, name, name_folded, url, event_types, owner, status, public_key,
                signing_key,
                created_at, updated_at, is_ordered, is_batched, max_per_second, payload, matchers, template,
                header_names, certificate, certificate_expires_at, authority)
            values ($1, normalize($2), normalize($3), $4, $5, $6, 'active', $7, $8, $9, $9,
                $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
        ), counted as (
            insert into webhook_sequence (webhook) values ($1)
        )
        insert into webhook_health (webhook) values ($1)
        """)
    private static let update = Statement(
        "webhook_update",
        """
        update webhook set name = normalize($2), name_folded = normalize($3), url = $4, event_types = $5,
            status = $6,
            status_reason = $7, down_since = $8, updated_at = $9, revision = revision + 1,
            is_ordered = $10, is_batched = $11, max_per_second = $12, payload = $13, matchers = $14,
            template = $15, header_names = $16, certificate = $17, certificate_expires_at = $18,
            authority = $19,
            certificate_notice_at = case when certificate is not distinct from $17
                then certificate_notice_at end
        where id = $1
        """)
    private static let delete = Statement(
        "webhook_delete",
        """
        with uncounted as (
            delete from webhook_sequence where webhook = $1
        ), forgotten as (
            delete from webhook_health where webhook = $1
        ), unpaced as (
            delete from webhook_pace where webhook = $1
        ), unpacked as (
            delete from delivery_batch_item where webhook = $1
        )
        delete from webhook where id = $1
        """)
    private static let insertSecret = Statement(
        "webhook_secret_insert",
        "insert into webhook_secret (id, webhook, sealed, created_at) values ($1, $2, $3, $4)")
    private static let retireSecret = Statement(
        "webhook_secret_retire",
        "update webhook_secret set expires_at = $2 where webhook = $1 and expires_at is null")
    private static let dropExpired = Statement(
        "webhook_secret_drop", "delete from webhook_secret where webhook = $1 and expires_at <= $2")
    private static let dropAll = Statement(
        "webhook_secret_drop_all", "delete from webhook_secret where webhook = $1")
    private static let clearFailures = Statement(
        "webhook_health_clear",
        """
        update webhook_health set consecutive_failures = 0, opens_at = null, knock_at = null,
            epoch = epoch + 1
        where webhook = $1
        """)
    private static let dropPrivate = Statement(
        "webhook_private_drop", "delete from webhook_private where webhook = $1 and purpose = $2")
    private static let insertPrivate = Statement(
        "webhook_private_insert",
        "insert into webhook_private (id, webhook, purpose, sealed) values ($1, $2, $3, $4)")

    private static let owned = Statement(
        "webhook_owned", "select id from webhook where owner = $1 order by id")

    private static let nameConstraint = "webhook_name"

    nonisolated(nonsending) static func find(
        _ id: WebhookID, at now: Timestamp, in source: any Queryable
    ) async throws -> WebhookRecord? {
        let record = source.send(find, .id(id))
        let secrets = source.send(Self.secrets, .idArray([id]), .timestamp(now))
        guard let row = try await record.rows().first else { return nil }
        let records = try await withSecrets([WebhookRecord(row)], secrets)
        return try await addChannels(to: records, in: source).first
    }

    /// With the row locked against other changes; deliveries go on.
    nonisolated(nonsending) static func lock(
        _ id: WebhookID, at now: Timestamp, in transaction: Transaction
    ) async throws -> WebhookRecord? {
        let record = transaction.send(lock, .id(id))
        let secrets = transaction.send(Self.secrets, .idArray([id]), .timestamp(now))
        guard let row = try await record.rows().first else { return nil }
        let records = try await withSecrets([WebhookRecord(row)], secrets)
        return try await addChannels(to: records, in: transaction).first
    }

    /// Also against what would name it from now on.
    nonisolated(nonsending) static func hold(_ id: WebhookID, in transaction: Transaction) async throws {
        _ = try await transaction.query(hold, .id(id))
    }

    nonisolated(nonsending) static func owned(
        by owner: PrincipalID, in database: Database
    ) async throws -> [WebhookID] {
        try await database.query(owned, .text(owner.description)).map { $0.id(0) }
    }

    nonisolated(nonsending) static func addSecrets(
        to records: [WebhookRecord], at now: Timestamp, in source: any Queryable
    ) async throws -> [WebhookRecord] {
        if records.isEmpty { return [] }
        let complete = try await withSecrets(
            records, source.send(Self.secrets, .idArray(records.map(\.webhook.id)), .timestamp(now)))
        return try await addChannels(to: complete, in: source)
    }

    private nonisolated(nonsending) static func addChannels(
        to records: [WebhookRecord], in source: any Queryable
    ) async throws -> [WebhookRecord] {
        let channels = try await ChannelStore.channels(of: records.map(\.webhook.id), in: source)
        return records.map { record in
            var record = record
            record.channel = channels[record.webhook.id]
            return record
        }
    }

    private nonisolated(nonsending) static func withSecrets(
        _ records: [WebhookRecord], _ query: Postgres.Query
    ) async throws -> [WebhookRecord] {
        var states: [WebhookID: [Webhook.SecretState]] = [:]
        for row in try await query.rows() {
            let state = Webhook.SecretState(
                id: row.id(1), createdAt: row.timestamp(2), expiresAt: row.optionalTimestamp(3),
                lastUsedAt: row.optionalTimestamp(4))
            states[row.id(0), default: []].append(state)
        }
        return records.map { record in
            var record = record
            record.secrets = states[record.webhook.id] ?? []
            return record
        }
    }
}

// MARK: Changing

extension WebhookStore {
    nonisolated(nonsending) static func insert(
        _ webhook: Webhook, signingKey: [UInt8], in transaction: Transaction
    ) async throws {
        try await write(
            insert,
            [
                .id(webhook.id), .text(webhook.name), .text(webhook.name.lowercased()), .text(webhook.url),
                .textArray(webhook.eventTypes), .text(webhook.owner.description), .bytes(webhook.publicKey),
                .bytes(signingKey), .timestamp(webhook.createdAt),
            ] + webhook.terms.parameters, in: transaction)
    }

    /// Of a row that is locked.
    nonisolated(nonsending) static func update(_ webhook: Webhook, in transaction: Transaction) async throws {
        try await write(
            update,
            [
                .id(webhook.id), .text(webhook.name), .text(webhook.name.lowercased()), .text(webhook.url),
                .textArray(webhook.eventTypes), .text(webhook.status.rawValue), .text(webhook.statusReason),
                .timestamp(webhook.downSince), .timestamp(webhook.updatedAt),
            ] + webhook.terms.parameters, in: transaction)
    }

    nonisolated(nonsending) static func delete(_ id: WebhookID, in transaction: Transaction) async throws {
        _ = try await transaction.query(delete, .id(id))
    }

    nonisolated(nonsending) static func clearFailures(_ id: WebhookID, in transaction: Transaction)
        async throws
    {
        _ = try await transaction.query(clearFailures, .id(id))
    }

    nonisolated(nonsending) static func insertSecret(
        _ id: WebhookSecretID, of webhook: WebhookID, sealed: [UInt8], at now: Timestamp,
        in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(insertSecret, .id(id), .id(webhook), .bytes(sealed), .timestamp(now))
    }

    /// The current secret signs until `expiry`; what has expired by now goes.
    nonisolated(nonsending) static func retireSecret(
        of webhook: WebhookID, until expiry: Timestamp, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(dropExpired, .id(webhook), .timestamp(now))
        _ = try await transaction.query(retireSecret, .id(webhook), .timestamp(expiry))
    }

    /// None of them signs any more.
    nonisolated(nonsending) static func dropSecrets(
        of webhook: WebhookID, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(dropAll, .id(webhook))
    }

    /// Puts it in the place of what there was; nil: nothing.
    nonisolated(nonsending) static func setPrivate(
        _ purpose: WebhookPrivate.Purpose, of webhook: WebhookID, _ sealed: WebhookPrivate?,
        in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(dropPrivate, .id(webhook), .text(purpose.rawValue))
        guard let sealed else { return }
        _ = try await transaction.query(
            insertPrivate, .uuid(sealed.id), .id(webhook), .text(purpose.rawValue), .bytes(sealed.sealed))
    }

    private nonisolated(nonsending) static func write(
        _ statement: Statement, _ parameters: [Parameter], in transaction: Transaction
    ) async throws {
        do throws(PostgresError) {
            _ = try await transaction.query(statement, parameters: parameters)
        } catch  where error.isUniqueViolation(nameConstraint) {
            throw Problem(
                .alreadyExists, "There is a webhook of that name.",
                errors: [FieldError(pointer: "/name", code: "already_exists", message: "is taken")])
        }
    }
}
