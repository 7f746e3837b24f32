import Access
import Events
import JSON
import Kernel
import Postgres

/// Alerts that come and go: told once, and then how they are left. That they are well is held meanwhile, so
/// that the last that is told of what fires is never that it does not.
enum Flaps {
    /// Fires for so many a time within so long, having been well in between by itself.
    static let times = 4
    static let within: Period = .hours(1)
    /// Quiet for so long, it is over.
    static let quietFor: Period = .minutes(30)
    /// While it goes on, what fires and nobody looks after is told again so often.
    static let toldEvery: Period = .minutes(30)

    /// What a firing is of a group that may come and go.
    enum Verdict: Equatable {
        case begins(times: Int)
        /// - Parameter isEscalating: steps that the one before had still to come ask for it.
        case goesOn(isEscalating: Bool)
    }

    private static let met = Statement(
        "alert_flap_met",
        """
        with met as (
            select rule, group_key, alert
            from unnest($1::uuid[], $2::bytea[], $3::uuid[]) as m (rule, group_key, alert)
        ), known as (
            update alert_flap f set last_at = $4, alert = m.alert from met m
            where f.rule = m.rule and f.group_key = m.group_key
            returning f.alert
        ), moved as (
            update alert_due d set alert = m.alert
            from met m join alert_flap f on f.rule = m.rule and f.group_key = m.group_key
            where d.kind = 'escalation' and d.alert = f.alert
            returning d.alert
        )
        select m.rule, m.group_key, exists (select from known k where k.alert = m.alert),
            exists (select from moved d where d.alert = m.alert),
            (select count(*) from alert a where a.rule = m.rule and a.group_key = m.group_key
                and a.state = 'resolved' and a.resolved_by is null
                and a.resolve_note = $6 and a.resolved_at > $5)
        from met m
        """)
    private static let begin = Statement(
        "alert_flap_begin",
        """
        insert into alert_flap (rule, group_key, since, last_at, told_at, alert)
        select f.rule, f.group_key, $4, $4, $4, f.alert
        from unnest($1::uuid[], $2::bytea[], $3::uuid[]) as f (rule, group_key, alert)
        on conflict (rule, group_key) do update set last_at = excluded.last_at, alert = excluded.alert
        """)

    /// - Parameter groups: whose alerts are new and may be well again by themselves, with these alerts.
    nonisolated(nonsending) static func note(
        _ groups: [FiringGroup.Key: AlertID], at now: Timestamp, in transaction: Transaction
    ) async throws -> [FiringGroup.Key: Verdict] {
        guard !groups.isEmpty else { return [:] }
        let keys = groups.keys.sorted()
        let rows = try await transaction.query(
            met, .idArray(keys.map(\.rule)), .byteaArray(keys.map(\.group)),
            .idArray(keys.compactMap { groups[$0] }), .timestamp(now), .timestamp(now - within),
            .text(AlertRecovery.Cause.isOver.rawValue))
        var (verdicts, new): ([FiringGroup.Key: Verdict], [FiringGroup.Key]) = ([:], [])
        for row in rows {
            let key = FiringGroup.Key(rule: row.id(0), group: row.bytes(1))
            if row.bool(2) {
                verdicts[key] = .goesOn(isEscalating: row.bool(3))
            } else if row.int(4) + 1 >= times {
                verdicts[key] = .begins(times: row.int(4) + 1)
                new.append(key)
            }
        }
        guard !new.isEmpty else { return verdicts }
        new.sort()
        _ = try await transaction.query(
            begin, .idArray(new.map(\.rule)), .byteaArray(new.map(\.group)),
            .idArray(new.compactMap { groups[$0] }), .timestamp(now))
        return verdicts
    }

    // MARK: What is held

    /// Each firing of what is critical and about security is told, and so is its end.
    private static let hold = Statement(
        "alert_flap_hold",
        """
        update alert_flap f set held = case when a.is_told then f.held || h.event else f.held end
        from unnest($1::uuid[], $2::uuid[]) as h (alert, event) join alert a on a.id = h.alert
        where f.alert = h.alert and not (a.is_security and a.severity = 'critical')
        returning f.alert
        """)

    /// Of these, the alerts whose groups come and go: that they are well is not told yet.
    /// - Parameter events: that say so, by their alerts.
    nonisolated(nonsending) static func hold(
        _ events: [AlertID: EventID], in transaction: Transaction
    ) async throws -> Set<AlertID> {
        guard !events.isEmpty else { return [] }
        let alerts = events.keys.sorted()
        let rows = try await transaction.query(
            hold, .idArray(alerts), .idArray(alerts.compactMap { events[$0] }))
        return Set(rows.map { $0.id(0) })
    }

    /// A group that came and went, as it is left: its newest alert, and the events that were held.
    struct Left {
        let alert: AlertID
        let held: [EventID]
        /// So often it came, within `within`.
        let times: Int

        fileprivate init(_ row: Row) { (alert, held, times) = (row.id(0), row.idArray(1), row.int(2)) }
    }

    private static let takeOver = Statement(
        "alert_flap_over",
        """
        delete from alert_flap where (rule, group_key) in (
            select rule, group_key from alert_flap where last_at <= $1 order by last_at
            for update skip locked limit $2)
        returning alert, held, 0
        """)

    /// Groups that are quiet by now.
    nonisolated(nonsending) static func over(
        at now: Timestamp, limit: Int, in transaction: Transaction
    ) async throws -> [Left] {
        try await transaction.query(takeOver, .timestamp(now - quietFor), .int(limit)).map { Left($0) }
    }

    private static let remind = Statement(
        "alert_flap_remind",
        """
        with due as (
            select f.rule, f.group_key, f.alert, f.held from alert_flap f join alert a on a.id = f.alert
            where f.told_at <= $1 and a.state = 'firing' and a.acknowledged_at is null
                and not (a.is_security and a.severity = 'critical')
            order by f.told_at for update of f skip locked limit $5
        )
        update alert_flap f set told_at = $2, held = '{}' from due
        where f.rule = due.rule and f.group_key = due.group_key
        returning due.alert, due.held, 1 + (
            select count(*) from alert a where a.rule = f.rule and a.group_key = f.group_key
                and a.state = 'resolved' and a.resolved_by is null
                and a.resolve_note = $4 and a.resolved_at > $3)
        """)

    /// Groups that fire, were told of long ago, and still come and go.
    nonisolated(nonsending) static func toRemind(
        at now: Timestamp, limit: Int, in transaction: Transaction
    ) async throws -> [Left] {
        try await transaction.query(
            remind, .timestamp(now - toldEvery), .timestamp(now), .timestamp(now - within),
            .text(AlertRecovery.Cause.isOver.rawValue), .int(limit)
        ).map { Left($0) }
    }

    private static let end = Statement(
        "alert_flap_end", "delete from alert_flap where alert = any ($1::uuid[]) returning alert, held, 0")

    /// Somebody resolved these: whatever comes next is told anew.
    nonisolated(nonsending) static func end(
        of alerts: [AlertID], in transaction: Transaction
    ) async throws -> [Left] {
        guard !alerts.isEmpty else { return [] }
        return try await transaction.query(end, .idArray(alerts)).map { Left($0) }
    }
}

extension AlertNotice {
    func flapping(_ times: Int) -> NewEvent {
        event(
            .alertFlapping,
            ["times": .number(JSONNumber(times)), "within": .string(Flaps.within.description)])
    }
}
