import Access
import Events
import JSON
import Kernel
import Postgres
import Webhooks

/// What is kept of how alerts were told.
enum TellingStore {
    private static let settle = Statement(
        "alert_settle_telling",
        """
        update alert as a set untold = s.untold::json, is_told = s.is_told or (a.is_told and not s.is_new),
            told_to = array(
                select distinct unnest(a.told_to || string_to_array(s.chosen, ' ')::uuid[]) order by 1),
            tells_subscribers = s.tells or (a.tells_subscribers and not s.is_new)
        from unnest($1::uuid[], $2::text[], $3::boolean[], $4::boolean[], $5::text[], $6::boolean[])
            as s (id, untold, is_told, is_new, chosen, tells)
        where a.id = s.id
        """)
    private static let reopen = Statement(
        "alert_reopen",
        """
        update alert set acknowledged_at = null, acknowledged_by = null, acknowledge_note = null,
            ack_until = null, ack_count = null, ack_severity = null, reopened_at = $3,
            reopen_reason = r.reason, revision = revision + 1
        from unnest($1::uuid[], $2::text[]) as r (id, reason) where alert.id = r.id
        """)
    private static let note = Statement(
        "alert_telling_note",
        """
        insert into alert_telling (id, alert, event, at, verdict, reasons, webhooks)
        select id, alert, event, $7, verdict, reasons::json, string_to_array(webhooks, ' ')::uuid[]
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[])
            as t (id, alert, event, verdict, reasons, webhooks)
        """)
    /// By the earlier of two clocks, as `AgreedTime`.
    private static let escalate = Statement(
        "alert_due_escalate",
        """
        insert into alert_due (id, kind, alert, route, step, due_at)
        select id, 'escalation', alert, route, step,
            least($6::timestamptz, clock_timestamp()) + after * interval '1 microsecond'
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::smallint[], $5::bigint[])
            as e (id, alert, route, step, after)
        on conflict (alert, route, step) where kind = 'escalation' do update set due_at = excluded.due_at
        """)
    private static let hold = Statement(
        "alert_due_hold",
        """
        insert into alert_due as d (id, kind, alert, webhook, is_subscribed, event, due_at, is_muted, lasts)
        select id, 'held', alert, webhook, is_subscribed, event,
            least(due_at, clock_timestamp() + (due_at - $9::timestamptz)), is_muted, lasts
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[], $5::uuid[], $6::timestamptz[],
            $7::boolean[], $8::boolean[])
            as h (id, alert, webhook, is_subscribed, event, due_at, is_muted, lasts)
        on conflict (alert, webhook) where kind = 'held' do update set event = excluded.event,
            is_subscribed = d.is_subscribed and excluded.is_subscribed,
            is_muted = d.is_muted and excluded.is_muted, lasts = excluded.lasts, is_said = false,
            due_at = case when d.is_muted and not excluded.is_muted then least(d.due_at, excluded.due_at)
                else d.due_at end
        """)
    /// Where a firing waits already, that is told with how it is by then.
    private static let holdSaid = Statement(
        "alert_due_hold_said",
        """
        insert into alert_due as d (id, kind, alert, webhook, is_subscribed, event, due_at, is_said)
        select id, 'held', alert, webhook, is_subscribed, event,
            least(due_at, clock_timestamp() + (due_at - $7::timestamptz)), true
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[], $5::uuid[], $6::timestamptz[])
            with ordinality as h (id, alert, webhook, is_subscribed, event, due_at, place)
        where place in (
            select max(place) from unnest($2::uuid[], $3::uuid[]) with ordinality as l (alert, webhook, place)
            group by alert, webhook)
        on conflict (alert, webhook) where kind = 'held' do update set event = excluded.event where d.is_said
        """)
    private static let look = Statement(
        "alert_due_look",
        "update alert_due set due_at = $1 where kind = 'held' and is_muted and due_at > $1")
    /// A webhook takes messages again.
    private static let lookAtBack = Statement(
        "alert_due_look_back",
        """
        update alert_due set due_at = $1 where kind = 'held' and is_muted and webhook = any ($2::uuid[])
            and due_at > $1
        """)
    /// Everybody was told now.
    /// What is locked is told at this moment, and whoever tells it waits for the alert's row.
    private static let forget = Statement(
        "alert_due_forget",
        """
        delete from alert_due where id in (
            select id from alert_due where kind = 'held' and is_muted and alert = any ($1::uuid[])
            for update skip locked)
        """)
    /// What a flood holds is told with the minute.
    private static let lookAtHeld = Statement(
        "alert_due_look_held",
        """
        update alert_due set due_at = $1 where kind = 'held' and not is_muted and webhook = any ($2::uuid[])
            and due_at > $1::timestamptz + interval '1 minute'
        """)

    nonisolated(nonsending) static func write(
        _ planned: [Planned], at now: Timestamp, newID: () -> EventID, in transaction: Transaction
    ) async throws {
        let reopened = planned.map(\.telling).filter { $0.reopening != nil }
        if !reopened.isEmpty {
            _ = try await transaction.query(
                reopen, .idArray(reopened.map(\.alert)), .textArray(reopened.compactMap(\.reopening)),
                .timestamp(now))
        }
        try await settle(planned.filter { !$0.plan.isUsual || $0.telling.wasHidden }, in: transaction)
        // What nobody was told, and waited for somebody.
        let late = planned.filter {
            $0.plan.isToldNow && $0.telling.wasHidden && !$0.telling.isNew && $0.telling.escalation == nil
        }
        if !late.isEmpty {
            _ = try await transaction.query(forget, .idArray(late.map(\.telling.alert)))
        }
        // That there is nobody to be told is said once of each alert.
        let noted = planned.filter { !$0.plan.isUsual && ($0.telling.isNew || !$0.plan.isLost) }
        try await note(noted, at: now, newID: newID, in: transaction)
        try await escalate(planned, at: now, newID: newID, in: transaction)
        try await hold(planned, at: now, newID: newID, in: transaction)
    }

    private nonisolated(nonsending) static func settle(
        _ planned: [Planned], in transaction: Transaction
    ) async throws {
        guard !planned.isEmpty else { return }
        _ = try await transaction.query(
            settle, .idArray(planned.map(\.telling.alert)),
            .optionalTextArray(planned.map { $0.plan.isToldNow ? nil : $0.plan.reasonsText }),
            .boolArray(planned.map(\.plan.isToldNow)), .boolArray(planned.map(\.telling.isNew)),
            .textArray(planned.map { $0.plan.chosen.map(\.uuid.description).joined(separator: " ") }),
            .boolArray(planned.map(\.plan.tellsSubscribers)))
    }

    private nonisolated(nonsending) static func note(
        _ planned: [Planned], at now: Timestamp, newID: () -> EventID, in transaction: Transaction
    ) async throws {
        let rows = planned.flatMap { item in
            item.telling.events.enumerated().map { (item: item, event: $1.id, place: $0) }
        }
        guard !rows.isEmpty else { return }
        _ = try await transaction.query(
            note, .idArray(rows.map { _ in newID() }), .idArray(rows.map(\.item.telling.alert)),
            .idArray(rows.map(\.event)), .textArray(rows.map { $0.item.plan.verdict(of: $0.place) }),
            .textArray(rows.map(\.item.plan.reasonsText)),
            .textArray(rows.map { $0.item.plan.chosen.map(\.uuid.description).joined(separator: " ") }),
            .timestamp(now))
        let hidden = rows.filter { $0.item.plan.target == nil }.flatMap(\.item.plan.reasons)
        try await SilenceTally.note(hidden, newID: { newID().uuid }, in: transaction)
    }

    /// Each of its routes asks the next ones, told or not, unless somebody looks after it by then.
    private nonisolated(nonsending) static func escalate(
        _ planned: [Planned], at now: Timestamp, newID: () -> EventID, in transaction: Transaction
    ) async throws {
        let steps = planned.filter(\.telling.beginsEscalation).flatMap { item in
            item.plan.routes.flatMap { route in
                route.steps.enumerated().map { number, step in
                    (item.telling.alert, route.id, Int16(number + 1), step.after.microseconds)
                }
            }
        }
        guard !steps.isEmpty else { return }
        _ = try await transaction.query(
            escalate, .idArray(steps.map { _ in newID() }), .idArray(steps.map(\.0)),
            .idArray(steps.map(\.1)), .int16Array(steps.map(\.2)), .int64Array(steps.map(\.3)),
            .timestamp(now))
    }

    private nonisolated(nonsending) static func hold(
        _ planned: [Planned], at now: Timestamp, newID: () -> EventID, in transaction: Transaction
    ) async throws {
        let held = planned.flatMap { item in item.plan.held.map { (telling: item.telling, held: $0) } }
        guard !held.isEmpty else { return }
        _ = try await transaction.query(
            hold, .idArray(held.map { _ in newID() }), .idArray(held.map(\.telling.alert)),
            .idArray(held.map(\.held.webhook)), .boolArray(held.map(\.held.isSubscribed)),
            .optionalUUIDArray(held.map { $0.telling.events.last?.id.uuid }),
            .timestampArray(held.map(\.held.until)), .boolArray(held.map(\.held.isMuted)),
            .boolArray(held.map(\.telling.lasts)), .timestamp(now))
    }

    /// What was said of an alert, for one whose quiet hours it is.
    struct Said {
        let alert: AlertID
        let webhook: WebhookID
        let isSubscribed: Bool
        let event: EventID
        let until: Timestamp
    }

    nonisolated(nonsending) static func hold(
        _ said: [Said], at now: Timestamp, newID: () -> EventID, in transaction: Transaction
    ) async throws {
        guard !said.isEmpty else { return }
        _ = try await transaction.query(
            holdSaid, .idArray(said.map { _ in newID() }), .idArray(said.map(\.alert)),
            .idArray(said.map(\.webhook)), .boolArray(said.map(\.isSubscribed)),
            .idArray(said.map(\.event)), .timestampArray(said.map(\.until)), .timestamp(now))
    }

    /// That alerts are well, which is told when their groups do not come and go any more.
    nonisolated(nonsending) static func hold(
        flapping events: [AlertID: EventID], at now: Timestamp, newID: () -> EventID,
        in transaction: Transaction
    ) async throws {
        guard !events.isEmpty else { return }
        let alerts = events.keys.sorted()
        let reasons = JSONValue.array([TellingReason(kind: .flapping).json]).text
        _ = try await transaction.query(
            note, .idArray(alerts.map { _ in newID() }), .idArray(alerts),
            .idArray(alerts.compactMap { events[$0] }), .textArray(alerts.map { _ in "held" }),
            .textArray(alerts.map { _ in reasons }), .textArray(alerts.map { _ in "" }), .timestamp(now))
    }

    /// A silence or a maintenance window is over before its time: what it hid is looked at again.
    nonisolated(nonsending) static func lookAgain(at now: Timestamp, in transaction: Transaction) async throws
    {
        _ = try await transaction.query(look, .timestamp(now))
    }

    /// These take messages again: what waits for them is looked at now.
    nonisolated(nonsending) static func lookAgain(
        forBack webhooks: [WebhookID], at now: Timestamp, in transaction: Transaction
    ) async throws {
        guard !webhooks.isEmpty else { return }
        _ = try await transaction.query(lookAtBack, .timestamp(now), .idArray(webhooks))
    }

    /// The quiet hours of these are others, or none: what they held is looked at again.
    nonisolated(nonsending) static func lookAgain(
        for webhooks: [WebhookID], at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(lookAtHeld, .timestamp(now), .idArray(webhooks))
    }
}

extension TellingPlan {
    fileprivate var reasonsText: String { JSONValue.array(reasons.map(\.json)).text }

    fileprivate var tellsSubscribers: Bool { target?.hasSubscribers ?? false }
}
