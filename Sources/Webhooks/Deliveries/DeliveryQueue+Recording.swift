import Access
import Kernel
import Postgres

/// Writing down what became of deliveries, many at a time.
extension DeliveryQueue {
    /// Other commits would wait for this one's, and what the server loses with it is sent again: its leases
    /// lapse. And rows are found by the index, whatever the planner believes: a plan that was made while the
    /// queue was empty reads all of it, until somebody analyses it.
    private static let settings = Statement(
        "delivery_record_settings",
        """
        select set_config(name, 'off', true)
        from unnest(array['synchronous_commit', 'enable_seqscan', 'enable_hashjoin',
            'enable_mergejoin']) as name
        """)
    /// `attempts` tells whether one was made. What was decided already stays: a duplicate's outcome changes
    /// nothing. The arrays stand in selects of their own, where the planner does not look at them: it would
    /// plan anew for each call. Nor does it know the state as a condition of indexes: of all that pends, much
    /// is dead already.
    private static let record = Statement(
        "delivery_record",
        """
        update delivery d set state = o.state, attempts = o.attempts, counted = o.counted,
            next_attempt_at = case when o.state = 'pending' then o.due_at end, due_at = o.due_at,
                leased_by = null,
            last_status = case when o.is_attempt then o.status else d.last_status end,
            last_error = case when o.is_attempt then o.error else d.last_error end,
            schedule_due_at = case when not o.is_attempt then d.schedule_due_at end,
            keep_until = case when o.is_told_when then o.due_at else d.keep_until end,
            dead_reason = o.reason, dead_at = case when o.state = 'dead' then o.at end,
            delivered_at = case when o.state = 'delivered' then o.at end
        from unnest((select $1::uuid[]), (select $2::text[]), (select $3::integer[]),
            (select $4::integer[]), (select $5::timestamptz[]), (select $6::boolean[]),
            (select $7::bigint[]), (select $8::text[]), (select $9::text[]), (select $10::timestamptz[]),
            (select $11::boolean[]))
            as o (id, state, attempts, counted, due_at, is_attempt, status, error, reason, at, is_told_when)
        where d.id = o.id and d.state || '' = 'pending'
        """)
    private static let recordAttempts = Statement(
        "delivery_attempt_insert",
        """
        insert into delivery_attempt (delivery, number, at, status, milliseconds, error, response)
        select * from unnest((select $1::uuid[]), (select $2::integer[]), (select $3::timestamptz[]),
            (select $4::bigint[]), (select $5::integer[]), (select $6::text[]), (select $7::text[]))
        on conflict do nothing
        """)
    /// An endpoint that works, and did a second ago, is left alone: every worker that sends to it would wait
    /// for its row.
    private static let recordHealth = Statement(
        "webhook_health_record",
        """
        with seen as (
            select *
            from unnest((select $1::uuid[]), (select $2::integer[]), (select $3::timestamptz[]),
                (select $4::timestamptz[]), (select $5::timestamptz[]), (select $6::bigint[]),
                (select $7::timestamptz[]))
                as s (webhook, failures, success_at, failure_at, opens_at, epoch, knock_at)
        ), held as (
            select h.webhook, h.consecutive_failures from webhook_health h join seen using (webhook)
            where seen.success_at is null or seen.failure_at is not null or h.consecutive_failures > 0
                or h.opens_at is not null or h.knock_at is not null
                or coalesce(h.last_success_at, '-infinity') < seen.success_at - interval '1 second'
            order by h.webhook for no key update of h
        )
        update webhook_health h set
            consecutive_failures = seen.failures
                + case when seen.success_at is null then h.consecutive_failures else 0 end,
            last_success_at = greatest(h.last_success_at, seen.success_at),
            last_failure_at = greatest(h.last_failure_at, seen.failure_at),
            opens_at = greatest(
                case when seen.success_at is null then h.opens_at end,
                case when coalesce(seen.epoch = h.epoch, true) then seen.opens_at end),
            knock_at = seen.knock_at
        from seen, held where h.webhook = seen.webhook and held.webhook = seen.webhook
        returning h.webhook, seen.success_at is not null
            and (held.consecutive_failures > 0 or seen.failure_at is not null)
        """)
    private static let recordUse = Statement(
        "webhook_secret_use",
        "update webhook_secret set last_used_at = $2 where id = any ($1::uuid[])")

    /// Statements on their way.
    struct Recording {
        fileprivate var queries: [Postgres.Query]
        fileprivate var health: Postgres.Query?

        /// Those where a message came through after others had failed.
        nonisolated(nonsending) func recovered() async throws -> [WebhookID] {
            for query in queries { try await query.rows() }
            return try await health?.rows().filter { $0.bool(1) }.map { $0.id(0) } ?? []
        }
    }

    /// All statements leave in one write, with the commit where the caller sends it in this turn. An
    /// endpoint's own row comes last: every worker that sends to it waits for that.
    /// - Parameter closed: endpoints that are not tried for a while; where the epoch is another by now that
    ///   is not so any more.
    static func record(
        _ outcomes: [Outcome], secrets: [WebhookSecretID], closed: [WebhookID: Lane.Closure],
        at now: Timestamp, in transaction: Transaction
    ) -> Recording {
        let attempts = outcomes.filter { $0.attempt != nil }
        var recording = Recording(queries: [
            transaction.send(settings, []), transaction.send(record, recordParameters(outcomes)),
        ])
        if !attempts.isEmpty {
            recording.queries.append(transaction.send(recordAttempts, attemptParameters(attempts)))
        }
        if !secrets.isEmpty {
            recording.queries.append(transaction.send(recordUse, .idArray(secrets), .timestamp(now)))
        }
        if !attempts.isEmpty {
            recording.health = transaction.send(recordHealth, healthParameters(attempts, closed))
        }
        return recording
    }

    private static func recordParameters(_ outcomes: [Outcome]) -> [Parameter] {
        [
            .idArray(outcomes.map(\.delivery.id)), .textArray(outcomes.map(\.state)),
            .int32Array(outcomes.map { Int32($0.progress.attempts) }),
            .int32Array(outcomes.map { Int32($0.progress.counted) }),
            .optionalTimestampArray(outcomes.map(\.dueAt)), .boolArray(outcomes.map { $0.attempt != nil }),
            .optionalInt64Array(outcomes.map(\.status)), .optionalTextArray(outcomes.map(\.mistake)),
            .optionalTextArray(outcomes.map { $0.deadReason?.rawValue }), .timestampArray(outcomes.map(\.at)),
            .boolArray(outcomes.map(\.isToldWhen)),
        ]
    }

    private static func attemptParameters(_ outcomes: [Outcome]) -> [Parameter] {
        let attempts = outcomes.compactMap(\.attempt)
        return [
            .idArray(outcomes.map(\.delivery.id)), .int32Array(attempts.map { Int32($0.number) }),
            .timestampArray(attempts.map(\.at)), .optionalInt64Array(outcomes.map(\.status)),
            .int32Array(attempts.map { Int32($0.result.duration.microseconds / 1_000) }),
            .optionalTextArray(outcomes.map(\.mistake)), .optionalTextArray(attempts.map(\.result.response)),
        ]
    }

    private static func healthParameters(
        _ outcomes: [Outcome], _ closed: [WebhookID: Lane.Closure]
    ) -> [Parameter] {
        struct Health {
            var failures: Int32 = 0
            var success: Timestamp?
            var failure: Timestamp?
            var knock: Timestamp?
        }
        var seen: [WebhookID: Health] = [:]
        for outcome in outcomes {
            var health = seen[outcome.delivery.webhook] ?? Health()
            health.knock = outcome.knockAt
            if outcome.fate == .delivered {
                (health.failures, health.success) = (0, outcome.at)
            } else {
                (health.failures, health.failure) = (health.failures + 1, outcome.at)
            }
            seen[outcome.delivery.webhook] = health
        }
        let sorted = seen.sorted { $0.key < $1.key }
        return [
            .idArray(sorted.map(\.key)), .int32Array(sorted.map(\.value.failures)),
            .optionalTimestampArray(sorted.map(\.value.success)),
            .optionalTimestampArray(sorted.map(\.value.failure)),
            .optionalTimestampArray(sorted.map { closed[$0.key]?.until }),
            .optionalInt64Array(sorted.map { closed[$0.key]?.epoch }),
            .optionalTimestampArray(sorted.map(\.value.knock)),
        ]
    }
}

extension Outcome {
    fileprivate var state: String {
        switch fate {
        case .delivered: "delivered"
        case .dead: "dead"
        case .retry, .held, .released: "pending"
        }
    }

    fileprivate var dueAt: Timestamp? {
        switch fate {
        case .delivered, .dead: nil
        case .retry(let time), .held(let time): time
        case .released: at
        }
    }

    var deadReason: DeadReason? {
        if case .dead(let reason) = fate { return reason }
        return nil
    }

    /// The receiver said when to come back, or to come less.
    fileprivate var isToldWhen: Bool {
        guard let result = attempt?.result, case .retry = fate else { return false }
        if case .throttled = result.verdict { return true }
        return result.retryAfter != nil
    }

    var status: Int64? { attempt?.result.status.map(Int64.init) }
    var mistake: String? { attempt?.result.mistake?.rawValue }
}
