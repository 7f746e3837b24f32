import Access
import Kernel
import Postgres

/// Taking what is due, and keeping what was taken.
extension DeliveryQueue {
    /// What is due and nobody's, or whose sender is gone: each row to exactly one asker. Leases are told by
    /// the database's clock alone, so that a node whose own is ahead takes nothing from those that live.
    static let take = Statement(
        "delivery_take",
        derived: [
            """
            with due as (
                select id from delivery
                where state = 'pending' and due_at <= greatest($1, statement_timestamp())
                    and due_at <= case when leased_by is null then $1 else statement_timestamp() end
                order by due_at limit $2 for update skip locked
            )
            update delivery d set due_at = clock_timestamp() + $3::bigint * interval '1 microsecond',
                leased_by = $4
            from due where d.id = due.id
            returning
            """, pendingColumns,
        ].joined(separator: " "))
    /// In the order that `PendingDelivery.init` reads.
    static let pendingColumns = """
        d.id, d.webhook, d.message, d.event_type, d.alert, d.permissions, d.body, d.attempts, d.counted,
        d.schedule_at, d.thing, d.order_key, d.schedule_due_at
        """
    /// What others found closed.
    private static let resting = Statement(
        "webhook_resting", "select webhook, opens_at, epoch from webhook_health where opens_at > $1")
    private static let renew = Statement(
        "delivery_renew",
        """
        update delivery set due_at = clock_timestamp() + $2::bigint * interval '1 microsecond'
        where id = any ($1::uuid[]) and leased_by = $3 and state = 'pending'
        """)
    /// A receiver works again, or somebody asks: what waits for it is due, a few at a time. Such an attempt
    /// leaves a delivery the time that its schedule has for it; what was shelved to the end of its life, as
    /// its webhook took nothing, has one soon.
    private static let hasten = Statement(
        "delivery_hasten",
        """
        with waiting as (
            select id, due_at, row_number() over (order by due_at, id) - 1 as place from delivery
            where webhook = $1 and state = 'pending' and leased_by is null and due_at < 'infinity'
                and ($3 or keep_until is null or keep_until <= $2)
        ), timed as (
            select id,
                least(due_at, $2::timestamptz + make_interval(secs => (place / $4::bigint)::float8)) as at
            from waiting
        )
        update delivery d set due_at = timed.at, next_attempt_at = timed.at, keep_until = $5,
            schedule_due_at = case when d.due_at <= $2 then d.schedule_due_at
                when d.due_at > d.schedule_at + $6::bigint * interval '1 microsecond' then $7
                else coalesce(d.schedule_due_at, d.due_at) end
        from timed where d.id = timed.id
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
    /// Of each endpoint that was not reached the oldest message that waits, once it is time to look whether
    /// it is there again: by one node.
    static let knock = Statement(
        "delivery_knock",
        derived: [
            """
            with ripe as (
                select h.webhook from webhook_health h join webhook w on w.id = h.webhook
                where h.knock_at <= $1 and w.status in ('active', 'degraded')
                order by h.webhook limit $4 for no key update of h skip locked
            ), answered as (
                update webhook_health h set knock_at = null from ripe where h.webhook = ripe.webhook
            ), oldest as (
                select o.id from ripe cross join lateral (
                    select id from delivery where webhook = ripe.webhook and state = 'pending'
                        and leased_by is null and due_at > $1 and due_at < 'infinity'
                        and (keep_until is null or keep_until <= $1)
                    order by sequence limit 1 for no key update skip locked) o
            )
            update delivery d set due_at = clock_timestamp() + $2::bigint * interval '1 microsecond',
                leased_by = $3, schedule_due_at = coalesce(d.schedule_due_at, d.due_at)
            from oldest where d.id = oldest.id
            returning
            """, pendingColumns,
        ].joined(separator: " "))
    private static let abandon = Statement(
        "delivery_abandon",
        """
        update delivery set state = 'dead', dead_reason = $2, dead_at = $3, due_at = null,
            next_attempt_at = null,
            leased_by = null
        where webhook = $1 and state = 'pending'
        """)

    /// - Returns: with what nobody tries now, whatever is due.
    nonisolated(nonsending) static func take(
        most: Int, for node: UUID, at now: Timestamp, in database: Database
    ) async throws -> (deliveries: [PendingDelivery], resting: [WebhookID: EndpointRests.Rest]) {
        try await database.transaction { transaction in
            let taken = transaction.send(
                take, .timestamp(now), .int(most), .int64(Lease.length.microseconds), .uuid(node))
            let resting = transaction.send(Self.resting, .timestamp(now))
            let deliveries = try await taken.rows().map { PendingDelivery($0) }
            var rests: [WebhookID: EndpointRests.Rest] = [:]
            for row in try await resting.rows() {
                rests[row.id(0)] = EndpointRests.Rest(until: row.timestamp(1), epoch: row.int64(2))
            }
            return (deliveries, rests)
        }
    }

    nonisolated(nonsending) static func knock(
        most: Int, for node: UUID, at now: Timestamp, in database: Database
    ) async throws -> [PendingDelivery] {
        let rows = try await database.transaction { transaction in
            try await transaction.query(
                knock, .timestamp(now), .int64(Lease.length.microseconds), .uuid(node), .int(most))
        }
        return rows.map { PendingDelivery($0) }
    }

    nonisolated(nonsending) static func renew(
        _ deliveries: [DeliveryID], for node: UUID, in database: Database
    ) async throws {
        _ = try await database.transaction { transaction in
            try await transaction.query(
                renew, .idArray(deliveries), .int64(Lease.length.microseconds), .uuid(node))
        }
    }

    /// - Parameter overrules: also what was told to wait by its receiver, or was tried a moment ago.
    nonisolated(nonsending) static func hasten(
        _ webhook: WebhookID, overrules: Bool, at now: Timestamp, in transaction: Transaction
    ) async throws {
        let shelved = RetrySchedule.lifetime.microseconds - Period.seconds(1).microseconds
        _ = try await transaction.query(
            hasten, .id(webhook), .timestamp(now), .bool(overrules), .int(RetrySchedule.earlyPerSecond),
            .timestamp(now + RetrySchedule.earlyEvery), .int64(shelved),
            .timestamp(now + RetrySchedule.waits[2]))
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
