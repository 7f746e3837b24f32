import Access
import Kernel
import Postgres

/// Taking what is due, and keeping what was taken.
extension DeliveryQueue {
    /// What is due and nobody's, or whose sender is gone: each row to exactly one asker. With it, until when
    /// others found its endpoint closed.
    static let take = Statement(
        "delivery_take",
        derived: [
            """
            with due as (
                select id, webhook from delivery where state = 'pending' and due_at <= $1
                order by due_at limit $2 for update skip locked
            )
            update delivery d set due_at = $3, leased_by = $4
            from due left join webhook_health h on h.webhook = due.webhook where d.id = due.id
            returning
            """, pendingColumns, ", h.opens_at",
        ].joined(separator: " "))
    /// In the order that `PendingDelivery.init` reads.
    static let pendingColumns = """
        d.id, d.webhook, d.message, d.event_type, d.alert, d.permissions, d.body, d.attempts, d.counted,
        d.schedule_at, d.thing, d.order_key, d.schedule_due_at
        """
    private static let pendingColumnCount = 13
    private static let renew = Statement(
        "delivery_renew",
        "update delivery set due_at = $2 where id = any ($1::uuid[]) and leased_by = $3 and state = 'pending'"
    )
    /// A receiver works again, or somebody asks: what waits for it is due. What was found out by a probe
    /// leaves it the time that its schedule has for it.
    private static let hasten = Statement(
        "delivery_hasten",
        """
        update delivery set due_at = $2, next_attempt_at = least(next_attempt_at, $2),
            schedule_due_at = case when $3 and due_at > $2 then coalesce(schedule_due_at, due_at) end
        where webhook = $1 and state = 'pending' and leased_by is null and due_at < 'infinity'
        """)
    /// A message came through: what failed before is tried soon, a few at a time, and each seldom.
    private static let trySoon = Statement(
        "delivery_try_soon",
        """
        with waiting as (
            select id, due_at from delivery
            where webhook = $1 and state = 'pending' and leased_by is null and due_at > $3
                and due_at < 'infinity' and schedule_due_at is null
                and (keep_until is null or keep_until <= $2)
            order by due_at limit $5 for update skip locked
        ), timed as (
            select id, least(due_at, $3::timestamptz
                + make_interval(secs => row_number() over (order by due_at) / $4::float8 + random())) as at
            from waiting
        )
        update delivery d set schedule_due_at = d.due_at, keep_until = $6, due_at = timed.at,
            next_attempt_at = timed.at
        from timed where d.id = timed.id returning d.id
        """)
    private static let abandon = Statement(
        "delivery_abandon",
        """
        update delivery set state = 'dead', dead_reason = $2, dead_at = $3, due_at = null,
            next_attempt_at = null,
            leased_by = null
        where webhook = $1 and state = 'pending'
        """)

    nonisolated(nonsending) static func take(
        most: Int, for node: UUID, at now: Timestamp, in database: Database
    ) async throws -> (deliveries: [PendingDelivery], closed: [WebhookID: Timestamp]) {
        let rows = try await database.transaction { transaction in
            try await transaction.query(
                take, .timestamp(now), .int(most), .timestamp(now + Lease.length), .uuid(node))
        }
        var closed: [WebhookID: Timestamp] = [:]
        for row in rows {
            if let time = row.optionalTimestamp(pendingColumnCount), time > now { closed[row.id(1)] = time }
        }
        return (rows.map { PendingDelivery($0) }, closed)
    }

    nonisolated(nonsending) static func renew(
        _ deliveries: [DeliveryID], for node: UUID, at now: Timestamp, in database: Database
    ) async throws {
        _ = try await database.transaction { transaction in
            try await transaction.query(
                renew, .idArray(deliveries), .timestamp(now + Lease.length), .uuid(node))
        }
    }

    /// - Parameter keepsSchedule: attempts before the time that a delivery has now count for nothing.
    nonisolated(nonsending) static func hasten(
        _ webhook: WebhookID, keepsSchedule: Bool, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(hasten, .id(webhook), .timestamp(now), .bool(keepsSchedule))
    }

    /// How many were found.
    nonisolated(nonsending) static func trySoon(
        _ webhook: WebhookID, most: Int, from start: Timestamp, perSecond: Int, at now: Timestamp,
        in database: Database
    ) async throws -> Int {
        try await database.transaction { transaction in
            try await transaction.query(
                trySoon, .id(webhook), .timestamp(now), .timestamp(start), .double(Double(perSecond)),
                .int(most),
                .timestamp(now + RetrySchedule.earlyEvery)
            ).count
        }
    }

    nonisolated(nonsending) static func abandon(
        _ webhook: WebhookID, _ reason: DeadReason, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(abandon, .id(webhook), .text(reason.rawValue), .timestamp(now))
    }
}

extension PendingDelivery {
    /// In the order of `pendingColumns`.
    init(_ row: Row) {
        self.init(
            id: row.id(0), webhook: row.id(1), message: row.id(2), eventType: row.text(3),
            alert: row.isNull(4) ? nil : row.id(4),
            permissions: row.textArray(5).compactMap { Permission(rawValue: $0) },
            thing: row.optionalText(10), target: nil, orderKey: row.optionalText(11), body: row.bytes(6),
            progress: RetrySchedule.Progress(
                attempts: row.int(7), counted: row.int(8), begun: row.timestamp(9),
                scheduledFor: row.optionalTimestamp(12)))
    }
}
