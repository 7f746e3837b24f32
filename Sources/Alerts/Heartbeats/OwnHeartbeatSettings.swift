import Access
import JSON
import Kernel
import Postgres

/// To whom Keybell says that it is alive, and how often.
struct OwnHeartbeatSettings {
    private static let find = Statement(
        "own_heartbeat_find",
        "select webhook, every, sent_at, updated_at, updated_by, revision from heartbeat_watch")
    private static let lock = Statement(
        "own_heartbeat_lock",
        """
        select webhook, every, sent_at, updated_at, updated_by, revision from heartbeat_watch
        for no key update
        """)
    private static let update = Statement(
        "own_heartbeat_update",
        """
        update heartbeat_watch set webhook = $1, every = $2, every_seconds = $3, next_at = null,
            updated_at = $4, updated_by = $5, revision = $6
        """)

    /// Nil: to nobody.
    var webhook: WebhookID?
    var every: Lapse
    let sentAt: Timestamp?
    var updatedAt: Timestamp?
    var updatedBy: String?
    var revision: Int64

    nonisolated(nonsending) static func read(in source: any Queryable) async throws -> OwnHeartbeatSettings {
        try await first(of: source.query(find))
    }

    nonisolated(nonsending) static func locked(in transaction: Transaction) async throws
        -> OwnHeartbeatSettings
    {
        try await first(of: transaction.query(lock))
    }

    private static func first(of rows: Rows) throws -> OwnHeartbeatSettings {
        guard let row = rows.first, let every = Lapse(row.text(1)) else {
            preconditionFailure("heartbeat_watch has its one row from the beginning")
        }
        return OwnHeartbeatSettings(
            webhook: row.optionalID(0), every: every, sentAt: row.optionalTimestamp(2),
            updatedAt: row.optionalTimestamp(3), updatedBy: row.optionalText(4), revision: row.int64(5))
    }

    nonisolated(nonsending) func store(in transaction: Transaction) async throws {
        _ = try await transaction.query(
            Self.update, .id(webhook), .text(every.text), .int64(every.seconds), .timestamp(updatedAt),
            .text(updatedBy), .int64(revision))
    }

    var detail: JSONValue {
        [
            "webhook_id": webhook.map { .string($0.description) } ?? .null, "every": .string(every.text),
        ]
    }
}

extension OwnHeartbeatSettings: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("webhook_id", webhook?.description)
            w.field("every", every.text)
            w.field("sent_at", sentAt?.description)
            w.field("updated_at", updatedAt?.description)
            w.field("updated_by", updatedBy)
            w.field("revision", revision)
        }
    }
}
