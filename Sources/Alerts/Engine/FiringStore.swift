import Access
import Events
import JSON
import Kernel
import Postgres

/// What firings write.
enum FiringStore {
    /// Here and below the arrays stand in selects of their own, where the planner does not look at them: it
    /// would plan anew for each call.
    private static let insertion = """
        insert into rule_firing (rule, event, group_key, at, cause, alert)
        select rule, event, group_key, at, cause::json, alert
        from unnest((select $1::uuid[]), (select $2::uuid[]), (select $3::bytea[]),
            (select $4::timestamptz[]), (select $5::text[]), (select $6::uuid[]))
            as f (rule, event, group_key, at, cause, alert)
        """
    static let insert = Statement("rule_firing_insert", derived: insertion)
    static let note = Statement(
        "rule_firing_note",
        derived: insertion + " on conflict on constraint rule_firing_once do nothing returning rule, event")
    private static let belong = Statement(
        "rule_firing_belong",
        """
        update rule_firing f set alert = b.alert
        from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[]) as b (rule, event, at, alert)
        where f.rule = b.rule and f.event = b.event and f.at = b.at
        """)
    private static let suppress = Statement(
        "rule_firing_suppress",
        """
        update rule_firing f set is_suppressed = true
        from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as s (rule, event, at)
        where f.rule = s.rule and f.event = s.event and f.at = s.at
        """)
    private static let raise = Statement(
        "alert_raise",
        """
        insert into alert as a (id, rule, rule_name, rule_version, severity, state, summary, labels,
            send_to, group_key,
            group_values, is_security, count, suppressed, quiet_until, is_quiet, first_at, last_at,
                event_type, event,
            revision, thing)
        select f.id, f.rule, f.rule_name, f.rule_version, f.severity, 'firing', f.summary, f.labels::json,
            string_to_array(f.send_to, ' ')::uuid[], f.group_key, f.group_values::json, f.is_security,
                f.count,
            f.suppressed, f.quiet_until, false, f.first_at, f.last_at, f.event_type, f.event::json, 1, f.thing
        from unnest((select $1::uuid[]), (select $2::uuid[]), (select $3::text[]),
            (select $4::integer[]), (select $5::text[]), (select $6::text[]), (select $7::text[]),
            (select $8::text[]), (select $9::bytea[]), (select $10::text[]), (select $11::boolean[]),
            (select $12::bigint[]), (select $13::bigint[]), (select $14::timestamptz[]),
            (select $15::timestamptz[]), (select $16::timestamptz[]), (select $17::text[]),
            (select $18::text[]), (select $19::text[]))
            as f (id, rule, rule_name, rule_version, severity, summary, labels, send_to, group_key,
                group_values,
                is_security, count, suppressed, quiet_until, first_at, last_at, event_type, event,
                thing)
        on conflict (rule, group_key) where state = 'firing' do update set
            rule_name = excluded.rule_name, rule_version = excluded.rule_version, severity =
                excluded.severity,
            summary = excluded.summary, labels = excluded.labels, send_to = excluded.send_to,
            is_security = excluded.is_security, event_type = excluded.event_type, event = excluded.event,
            thing = excluded.thing,
            count = a.count + excluded.count, last_at = greatest(a.last_at, excluded.last_at),
            revision = a.revision + 1,
            is_quiet = excluded.quiet_until is not null and coalesce(a.quiet_until > excluded.last_at, false),
            suppressed = a.suppressed + case
                when excluded.quiet_until is not null and a.quiet_until > excluded.last_at then excluded.count
                else excluded.suppressed end,
            quiet_until = case
                when excluded.quiet_until is not null and a.quiet_until > excluded.last_at then a.quiet_until
                else excluded.quiet_until end
        returning id, rule, group_key, count, first_at, last_at, is_quiet, acknowledged_at, acknowledged_by,
            acknowledge_note, ack_until, ack_count, ack_severity, untold is not null or not is_told,
            quiet_until
        """)
    private static let fail = Statement(
        "alert_rule_fail",
        """
        update alert_rule set status = 'error', status_reason = f.reason, failed_at = $4,
            revision = revision + 1
        from unnest($1::uuid[], $2::integer[], $3::text[]) as f (rule, version, reason)
        where id = f.rule and alert_rule.version = f.version and (status in ('enabled', 'no_data')
            or status = 'error' and coalesce(failed_at, '-infinity') <= $5)
        returning id
        """)

    /// What an alert came to when its group was written.
    struct Raised {
        let id: AlertID
        let count: Int
        let firstAt: Timestamp
        let lastAt: Timestamp
        let quietUntil: Timestamp?
        /// A cooldown swallowed all of it.
        let isQuiet: Bool
        let acknowledged: Acknowledgement?
        /// Nobody was told when it fired before.
        let wasHidden: Bool

        /// Both written in one transaction.
        fileprivate func after(_ head: Raised) -> Raised {
            Raised(
                id: id, count: count, firstAt: firstAt, lastAt: lastAt, quietUntil: quietUntil,
                isQuiet: isQuiet && head.isQuiet, acknowledged: acknowledged, wasHidden: head.wasHidden)
        }
    }

    /// Those that had not fired yet.
    nonisolated(nonsending) static func note(
        _ firings: [Firing], in transaction: Transaction
    ) async throws -> [Firing] {
        struct Pair: Hashable { let rule, event: UUID }
        let rows = try await transaction.query(note, parameters: parameters(firings.map { ($0, nil) }))
        let new = Set(rows.map { Pair(rule: $0.uuid(0), event: $0.uuid(1)) })
        return firings.filter { new.contains(Pair(rule: $0.rule.id.uuid, event: $0.event.id.uuid)) }
    }

    /// The same of events that are written in this transaction, of which nothing has fired before: where
    /// something has, nothing of the transaction happens.
    static func send(_ firings: [(firing: Firing, alert: AlertID)], in transaction: Transaction) {
        _ = transaction.send(insert, parameters(firings.map { ($0, $1) }))
    }

    private static func parameters(_ firings: [(firing: Firing, alert: AlertID?)]) -> [Parameter] {
        [
            .idArray(firings.map(\.firing.rule.id)), .idArray(firings.map(\.firing.event.id)),
            .byteaArray(firings.map(\.firing.groupKey)), .timestampArray(firings.map(\.firing.at)),
            .optionalTextArray(firings.map { $0.firing.cause?.json.text }),
            .optionalUUIDArray(firings.map { $0.alert?.uuid }),
        ]
    }

    /// Whose firings those are that were noted before. Nobody waits for it.
    static func belong(_ firings: [(firing: Firing, alert: AlertID)], in transaction: Transaction) {
        guard !firings.isEmpty else { return }
        _ = transaction.send(
            belong,
            [
                .idArray(firings.map(\.firing.rule.id)), .idArray(firings.map(\.firing.event.id)),
                .timestampArray(firings.map(\.firing.at)), .idArray(firings.map(\.alert)),
            ])
    }

    /// Marks what cooldowns swallowed.
    nonisolated(nonsending) static func suppress(
        _ firings: [Firing], in transaction: Transaction
    ) async throws {
        guard !firings.isEmpty else { return }
        _ = try await transaction.query(
            suppress, .idArray(firings.map(\.rule.id)), .idArray(firings.map(\.event.id)),
            .timestampArray(firings.map(\.at)))
    }

    /// What a cooldown swallows hangs on what came before, so that the first of each group goes alone: it is
    /// known then, and nobody else writes the alert until the commit.
    nonisolated(nonsending) static func raise(
        _ groups: inout [FiringGroup], newID: () -> AlertID, in transaction: Transaction
    ) async throws -> [FiringGroup.Key: Raised] {
        let heads = try await write(groups.map(\.head), newID: newID, in: transaction)
        let tails = groups.compactMap { $0.tail(heads[$0.key]?.quietUntil) }
        let rest = tails.isEmpty ? [:] : try await write(tails, newID: newID, in: transaction)
        let tailOf = Dictionary(tails.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
        for index in groups.indices {
            guard let head = heads[groups[index].key] else { continue }
            groups[index].take(head, tailOf[groups[index].key])
        }
        return heads.merging(rest) { head, last in last.after(head) }
    }

    private nonisolated(nonsending) static func write(
        _ groups: [FiringGroup], newID: () -> AlertID, in transaction: Transaction
    ) async throws -> [FiringGroup.Key: Raised] {
        let contents = groups.map(\.content)
        let newest = groups.map(\.newest)
        let rows = try await transaction.query(
            raise, .idArray(groups.map { _ in newID() }), .idArray(groups.map(\.key.rule)),
            .textArray(contents.map(\.name)), .int32Array(newest.map { Int32($0.rule.version) }),
            .textArray(contents.map(\.severity.rawValue)), .textArray(newest.map { AlertSummary.text($0) }),
            .textArray(contents.map { JSONValue.object($0.labels).text }),
            .textArray(contents.map { $0.sendTo.map(\.uuid.description).joined(separator: " ") }),
            .byteaArray(groups.map(\.key.group)), .textArray(newest.map { JSONValue.object($0.group).text }),
            .boolArray(contents.map(\.isSecurity)), .int64Array(groups.map { Int64($0.firings.count) }),
            .int64Array(groups.map { Int64($0.suppressed.count) }),
            .optionalTimestampArray(groups.map(\.quietUntil)),
            .timestampArray(groups.map { $0.firings[0].at }), .timestampArray(groups.map(\.lastAt)),
            .textArray(newest.map(\.event.type.name)),
            .textArray(newest.map { JSONValue.object($0.view).text }),
            .optionalTextArray(newest.map { EventTopic(of: $0.event).thing }))
        var raised: [FiringGroup.Key: Raised] = [:]
        for row in rows {
            raised[FiringGroup.Key(rule: row.id(1), group: row.bytes(2))] = Raised(
                id: row.id(0), count: row.int(3), firstAt: row.timestamp(4), lastAt: row.timestamp(5),
                quietUntil: row.optionalTimestamp(14), isQuiet: row.bool(6),
                acknowledged: Acknowledgement(row, from: 7, rest: 10),
                wasHidden: row.bool(13))
        }
        return raised
    }

    /// Marks rules whose condition could not be evaluated; returns those that were not marked yet, or so
    /// long ago that it is told again.
    nonisolated(nonsending) static func fail(
        _ failures: [RuleFailure], at now: Timestamp, in transaction: Transaction
    ) async throws -> Set<AlertRuleID> {
        let rows = try await transaction.query(
            fail, .idArray(failures.map(\.rule.id)), .int32Array(failures.map { Int32($0.rule.version) }),
            .textArray(failures.map(\.reason)), .timestamp(now), .timestamp(now - RuleFailure.toldEvery))
        return Set(rows.map { $0.id(0) })
    }
}
