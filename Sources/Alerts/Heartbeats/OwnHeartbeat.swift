import Access
import Events
import JSON
import Kernel
import Postgres
import Webhooks

/// A message that Keybell sends at regular times, so that somebody outside hears when it stops.
struct OwnHeartbeat {
    static let type = "keybell.heartbeat"

    /// Whoever takes the turn has moved it on: one a period, over all nodes. What the receiver did not take
    /// yet says that Keybell lives as well as the next would, and does not pile up.
    private static let take = Statement(
        "own_heartbeat_take",
        """
        update heartbeat_watch o
        set next_at = $1::timestamptz + make_interval(secs => o.every_seconds), sent_at = $1
        from webhook w
        where w.id = o.webhook and w.status in ('active', 'degraded')
            and (o.next_at is null or o.next_at <= $1)
            and not exists (
                select from delivery d
                where d.webhook = w.id and d.state = 'pending' and d.event_type = $2)
        returning o.webhook, o.every, o.next_at
        """)

    let outbox: WebhookOutbox

    /// Whether it was time.
    nonisolated(nonsending) func send(_ change: Change) async throws -> Bool {
        let now = change.context.now
        guard
            let row = try await change.transaction.query(Self.take, .timestamp(now), .text(Self.type)).first
        else { return false }
        var data = JSONObject()
        _ = data.append("every", .string(row.text(1)))
        _ = data.append("next_at", .string(row.timestamp(2).description))
        let message = Message(type: Self.type, timestamp: now, data: data, event: nil, permissions: [])
        let queued = try await outbox.enqueue(message, forOnly: row.id(0), in: change.transaction)
        guard let queued else { return false }
        change.afterCommit(queued.effect)
        return true
    }
}
