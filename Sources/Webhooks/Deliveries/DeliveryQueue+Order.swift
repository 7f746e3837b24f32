import Access
import Kernel
import Postgres

/// Messages that go one after the other: about one subject, for one webhook. The first that is pending has a
/// time; the others wait with due_at infinity, and whoever ends the first gives the next its time.
///
/// Making a message and advancing its line hold the webhook's sequence row, each in a statement before the
/// one that looks: so the maker sees that a line is over, or whoever advances it sees the message.
extension DeliveryQueue {
    private static let lock = Statement(
        "delivery_line_lock",
        """
        select webhook from webhook_sequence where webhook = any ($1::uuid[]) order by webhook
            for no key update
        """)
    static let advance = Statement(
        "delivery_line_advance",
        derived: [
            """
            with head as (
                select (select d.id from delivery d
                    where d.webhook = l.webhook and d.order_key = l.order_key and d.state = 'pending'
                    order by d.sequence limit 1) as id
                from unnest($1::uuid[], $2::text[]) as l (webhook, order_key)
            )
            update delivery d set due_at = clock_timestamp() + $4::bigint * interval '1 microsecond',
                leased_by = $5, schedule_at = $3, next_attempt_at = $3
            from head where d.id = head.id and d.due_at = 'infinity'
            returning
            """, pendingColumns,
        ].joined(separator: " "))
    /// From line to line, by the index of what waits; each with whether its first message waits, too.
    private static let lines = Statement(
        "delivery_lines",
        """
        with recursive line as (
            (select webhook, order_key from delivery
                where state = 'pending' and order_key is not null and due_at = 'infinity'
                    and (webhook, order_key) > ($1::uuid, $2::text)
                order by webhook, order_key limit 1)
            union all
            select n.webhook, n.order_key from line l cross join lateral (
                select webhook, order_key from delivery
                where state = 'pending' and order_key is not null and due_at = 'infinity'
                    and (webhook, order_key) > (l.webhook, l.order_key)
                order by webhook, order_key limit 1) n
        )
        select l.webhook, l.order_key,
            coalesce((select d.due_at = 'infinity' from delivery d
                where d.webhook = l.webhook and d.order_key = l.order_key and d.state = 'pending'
                order by d.sequence limit 1), false)
        from (select webhook, order_key from line limit $3) l
        """)
    private static let linesAtOnce = 1_000

    struct Line: Hashable {
        let webhook: WebhookID
        let key: String
    }

    nonisolated(nonsending) static func lockLines(
        of webhooks: [WebhookID], in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(lock, .idArray(Array(Set(webhooks))))
    }

    /// Takes the next message of each line whose first one is over.
    nonisolated(nonsending) static func advance(
        _ lines: Set<Line>, for node: UUID, at now: Timestamp, in database: Database
    ) async throws -> [PendingDelivery] {
        if lines.isEmpty { return [] }
        let lines = Array(lines)
        let rows = try await database.transaction { transaction in
            try await lockLines(of: lines.map(\.webhook), in: transaction)
            return try await transaction.query(
                advance, .idArray(lines.map(\.webhook)), .textArray(lines.map(\.key)), .timestamp(now),
                .int64(Lease.length.microseconds), .uuid(node))
        }
        return rows.map { PendingDelivery($0) }
    }

    struct LinesLookedAt {
        /// Those that nobody advances: whoever ended their first message is gone.
        var stranded: Set<Line> = []
        /// Where the next look begins; nil: from the beginning.
        var last: Line?
    }

    /// Some of the lines in which something waits.
    nonisolated(nonsending) static func strandedLines(
        after last: Line? = nil, in database: Database
    ) async throws -> LinesLookedAt {
        let rows = try await database.query(
            lines, .uuid(last?.webhook.uuid ?? UUID(high: 0, low: 0)), .text(last?.key ?? ""),
            .int(linesAtOnce))
        var looked = LinesLookedAt()
        for row in rows {
            let line = Line(webhook: row.id(0), key: row.text(1))
            if row.bool(2) { looked.stranded.insert(line) }
            if rows.count == linesAtOnce { looked.last = line }
        }
        return looked
    }
}
