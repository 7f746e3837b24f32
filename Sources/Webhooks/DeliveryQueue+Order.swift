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
            update delivery d set due_at = $4, leased_by = $5, schedule_at = $3, next_attempt_at = $3
            from head where d.id = head.id and d.due_at = 'infinity'
            returning
            """, pendingColumns,
        ].joined(separator: " "))
    private static let stranded = Statement(
        "delivery_line_stranded",
        """
        select webhook, order_key from (
            select distinct on (webhook, order_key) webhook, order_key, due_at from delivery
            where state = 'pending' and order_key is not null order by webhook, order_key, sequence
        ) as head where due_at = 'infinity' limit 256
        """)

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
                .timestamp(now + Lease.length), .uuid(node))
        }
        return rows.map { PendingDelivery($0) }
    }

    /// Lines that nobody advances: whoever ended their first message is gone.
    nonisolated(nonsending) static func strandedLines(in database: Database) async throws -> Set<Line> {
        Set(try await database.query(stranded).map { Line(webhook: $0.id(0), key: $0.text(1)) })
    }
}
