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
    /// yet says that Keybell lives as well as the next would, and does not pile up. The job comes every 5 s:
    /// a turn is taken at the round nearest to it, and the next counts from its time, so that the period is
    /// kept. No turn is further off than a period: then a clock was wrong.
    private static let take = Statement(
        "own_heartbeat_take",
        """
        update heartbeat_watch o
        set sent_at = $1, next_at = make_interval(secs => o.every_seconds) + case
            when o.next_at > $1::timestamptz - make_interval(secs => o.every_seconds)
                and o.next_at <= $1::timestamptz + interval '2.5 seconds' then o.next_at
            else $1::timestamptz end
        from webhook w
        where w.id = o.webhook and w.status in ('active', 'degraded')
            and (o.next_at is null or o.next_at <= $1::timestamptz + interval '2.5 seconds'
                or o.next_at > $1::timestamptz + make_interval(secs => o.every_seconds + 2.5))
            and not exists (
                select from delivery d
                where d.webhook = w.id and d.state = 'pending' and d.event_type = $2)
        returning o.webhook, o.every, o.next_at
        """)

    /// What waits is tried once a period too, before its time, which stays its schedule's: whoever was away
    /// for hours hears soon that Keybell lives, and no attempt is used up.
    private static let nudge = Statement(
        "own_heartbeat_nudge",
        """
        with turn as (
            update heartbeat_watch o
            set next_at = make_interval(secs => o.every_seconds)
                + case when o.next_at > $1::timestamptz - make_interval(secs => o.every_seconds)
                    then o.next_at else $1::timestamptz end
            from webhook w
            where w.id = o.webhook and w.status in ('active', 'degraded')
                and o.next_at <= $1::timestamptz + interval '2.5 seconds'
            returning o.webhook
        )
        update delivery d set schedule_due_at = coalesce(d.schedule_due_at, d.due_at), due_at = $1,
            next_attempt_at = $1
        from turn
        where d.webhook = turn.webhook and d.state = 'pending' and d.event_type = $2 and d.leased_by is null
            and d.due_at > $1 and d.due_at < 'infinity' and coalesce(d.keep_until <= $1, true)
        """)

    let outbox: WebhookOutbox

    /// Whether it was time.
    nonisolated(nonsending) func send(_ change: Change) async throws -> Bool {
        let now = try await AgreedTime.now(change.context.now, in: change.transaction)
        guard
            let row = try await change.transaction.query(Self.take, .timestamp(now), .text(Self.type)).first
        else {
            _ = try await change.transaction.query(Self.nudge, .timestamp(now), .text(Self.type))
            return false
        }
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
