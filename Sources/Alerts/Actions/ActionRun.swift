import Access
import Events
import JSON
import Kernel
import Postgres

/// One action of a rule, for one firing.
struct ActionRun {
    enum State: String {
        case pending
        case done
        /// The rule would have touched more keys within an hour than it may.
        case braked
        /// Those whose rule it is may not do so, or it cannot be done.
        case refused
        /// The rule does not want it any more.
        case cancelled
    }

    let id: UUID
    let rule: AlertRuleID
    let version: Int
    let alert: AlertID
    let event: EventID
    let action: RuleAction
    let place: Int
    /// Of the event.
    let key: ExchangeKeyID?
    let madeAt: Timestamp
    var state = State.pending
    var endedAt: Timestamp?
    var touched: [ExchangeKeyID] = []
    var unchanged = 0
    var forbidden = 0
    var note: String?
}

/// Runs as rows.
enum ActionRuns {
    private static let insert = Statement(
        "rule_action_open",
        """
        insert into rule_action_run (id, rule, rule_version, alert, event, place, action, key, state, made_at)
        select r.id, r.rule, r.version, r.alert, r.event, r.place, r.action::json, r.key, 'pending', r.at
        from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::uuid[], $5::uuid[], $6::integer[], $7::text[],
            $8::uuid[], $9::timestamptz[])
            as r (id, rule, version, alert, event, place, action, key, at)
        """)
    private static let pending = Statement(
        "rule_action_pending",
        """
        select id, made_at from rule_action_run
        where state = 'pending' and ($2::timestamptz is null or (made_at, id) > ($2, $3::uuid))
        order by made_at, id limit $1
        """)
    private static let find = Statement(
        "rule_action_find",
        """
        select id, rule, rule_version, alert, event, action, place, key, made_at, state, ended_at, touched,
            unchanged, forbidden, note
        from rule_action_run where id = $1
        """)
    private static let ofAlert = Statement(
        "rule_actions_of_alert",
        """
        select id, rule, rule_version, alert, event, action, place, key, made_at, state, ended_at, touched,
            unchanged, forbidden, note
        from rule_action_run where alert = $1 order by id desc limit $2
        """)
    private static let lock = Statement(
        "rule_action_lock", "select state from rule_action_run where id = $1 for no key update")
    private static let touched = Statement(
        "rule_action_touched",
        """
        select coalesce(sum(cardinality(touched)), 0)::bigint,
            coalesce(bool_or(state = 'braked'), false)
        from rule_action_run where rule = $1 and ended_at > $2
        """)
    private static let end = Statement(
        "rule_action_end",
        """
        update rule_action_run set state = $2, ended_at = $3, touched = $4, unchanged = $5, forbidden = $6,
            note = $7
        where id = $1
        """)
    /// What waits for the same is done by the same.
    private static let endAlike = Statement(
        "rule_action_end_alike",
        """
        update rule_action_run r set state = $2, ended_at = $3, note = 'done with the one before it'
        from rule_action_run one
        where one.id = $1 and r.state = 'pending' and r.id <> one.id and r.rule = one.rule
            and r.rule_version = one.rule_version and r.place = one.place
            and r.key is not distinct from one.key
        """)

    /// The brake's hour.
    static let brakeSpan: Period = .hours(1)

    /// Opens what the firings' rules do, in the transaction of the firings.
    nonisolated(nonsending) static func open(
        _ firings: [(firing: Firing, alert: AlertID)], newID: () -> UUID, in transaction: Transaction
    ) async throws -> Bool {
        let runs = firings.flatMap { firing, alert in
            firing.rule.content.actions.list.enumerated().map { place, action in
                ActionRun(
                    id: newID(), rule: firing.rule.id, version: firing.rule.version, alert: alert,
                    event: firing.event.id, action: action, place: place,
                    key: firing.event.key, madeAt: firing.at)
            }
        }
        if runs.isEmpty { return false }
        _ = try await transaction.query(
            insert, .uuidArray(runs.map(\.id)), .idArray(runs.map(\.rule)),
            .int32Array(runs.map { Int32($0.version) }), .idArray(runs.map(\.alert)),
            .idArray(runs.map(\.event)), .int32Array(runs.map { Int32($0.place) }),
            .textArray(runs.map { JSONValue.object($0.action.object).text }),
            .optionalUUIDArray(runs.map(\.key?.uuid)), .timestampArray(runs.map(\.madeAt)))
        return true
    }

    /// One that waits, and since when.
    struct Pending {
        let id: UUID
        let madeAt: Timestamp
    }

    /// Those that wait longest.
    /// - Parameter last: only what comes behind it.
    nonisolated(nonsending) static func pending(
        after last: Pending?, limit: Int, in source: any Queryable
    ) async throws -> [Pending] {
        try await source.query(pending, .int(limit), .timestamp(last?.madeAt), .uuid(last?.id)).map {
            Pending(id: $0.uuid(0), madeAt: $0.timestamp(1))
        }
    }

    nonisolated(nonsending) static func find(_ id: UUID, in source: any Queryable) async throws -> ActionRun?
    {
        try await source.query(find, .uuid(id)).first.flatMap { ActionRun($0) }
    }

    /// The newest of an alert.
    nonisolated(nonsending) static func of(
        _ alert: AlertID, limit: Int, in source: any Queryable
    ) async throws -> [ActionRun] {
        try await source.query(ofAlert, .id(alert), .int(limit)).compactMap { ActionRun($0) }
    }

    /// False when somebody else has done it.
    nonisolated(nonsending) static func lockPending(
        _ run: ActionRun, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.query(lock, .uuid(run.id)).first?.text(0) == ActionRun.State.pending.rawValue
    }

    /// How many keys a rule touched within the hour, and whether it was braked in it.
    nonisolated(nonsending) static func lately(
        _ rule: AlertRuleID, at now: Timestamp, in source: any Queryable
    ) async throws -> (touched: Int, isBraked: Bool) {
        guard let row = try await source.query(touched, .id(rule), .timestamp(now - brakeSpan)).first else {
            return (0, false)
        }
        return (row.int(0), row.bool(1))
    }

    nonisolated(nonsending) static func end(_ run: ActionRun, in transaction: Transaction) async throws {
        _ = try await transaction.query(
            end, .uuid(run.id), .text(run.state.rawValue), .timestamp(run.endedAt), .idArray(run.touched),
            .int32(Int32(run.unchanged)), .int32(Int32(run.forbidden)), .text(run.note))
        _ = try await transaction.query(
            endAlike, .uuid(run.id), .text(run.state.rawValue), .timestamp(run.endedAt))
    }
}

extension ActionRun {
    fileprivate init?(_ row: Row) {
        guard let value = try? JSONValue.parse(row.json(5)), let action = RuleAction(stored: value),
            let state = State(rawValue: row.text(9))
        else { return nil }
        self.init(
            id: row.uuid(0), rule: row.id(1), version: row.int(2), alert: row.id(3), event: row.id(4),
            action: action, place: row.int(6), key: row.optionalID(7), madeAt: row.timestamp(8), state: state,
            endedAt: row.optionalTimestamp(10), touched: row.idArray(11), unchanged: row.int(12),
            forbidden: row.int(13), note: row.optionalText(14))
    }
}

extension Event {
    /// The key that it is about.
    fileprivate var key: ExchangeKeyID? { RuleAction.key(of: type, subject: subject, data) }
}

// MARK: As answered

extension ActionRun {
    /// - Parameter sees: whether the caller may know of a key.
    func write(to w: inout JSONWriter, sees: (ExchangeKeyID) -> Bool) {
        w.object { w in
            w.field("do", action.form)
            w.field("mode", action.mode)
            w.field("event_id", event.description)
            w.field("state", state.rawValue)
            w.field("fired_at", madeAt.description)
            w.field("ended_at", endedAt?.description)
            w.field("changed", touched.count)
            w.field("unchanged", unchanged)
            w.field("forbidden", forbidden)
            w.field("key_ids", touched.filter(sees).map(\.description))
            w.field("note", note)
        }
    }
}
