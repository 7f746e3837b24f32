import Access
import Events
import Kernel
import Postgres

/// A rule's group, by the first half of its key.
struct StateKey: Hashable {
    let rule: AlertRuleID
    let group: UUID

    init(_ rule: AlertRuleID, _ group: UUID) { (self.rule, self.group) = (rule, group) }

    /// - Parameter groupKey: SHA-256 of the group's values.
    init(_ rule: AlertRuleID, groupKey: [UInt8]) {
        self.init(rule, groupKey.prefix(16).withUnsafeBytes { UUID(bytes: $0) })
    }

    var shard: Int16 { Int16((rule.uuid.low ^ group.low) % UInt64(RuleShards.count)) }
}

/// What is remembered of groups, as rows and, while their shard is held and there is room, in memory.
package final class GroupStates {
    /// Groups of one rule in one shard.
    package static let groupsAtMost = 65_536

    private let groupsAtMost: Int

    struct Stored: Equatable {
        let state: [UInt8]
        let due: Timestamp?
    }

    private let database: Database
    private var known = StateCache()
    private var counts: [Counted: Int] = [:]
    /// The earliest that time does something to a state that is stored; nil: not known.
    private(set) var nextDue: Timestamp?
    /// Gave way in the transaction that is not over yet.
    private var lost: Set<StateKey> = []

    private struct Counted: Hashable {
        let shard: Int16
        let rule: AlertRuleID
    }

    init(database: Database, groupsAtMost: Int = GroupStates.groupsAtMost) {
        (self.database, self.groupsAtMost) = (database, groupsAtMost)
    }

    func forget(_ shards: Set<Int16>) {
        guard !shards.isEmpty else { return }
        known.removeAll { shards.contains($0.shard) }
        counts = counts.filter { !shards.contains($0.key.shard) }
        nextDue = nil
    }

    /// They are begun anew.
    func forget(rules: Set<AlertRuleID>) {
        if !rules.isEmpty { known.removeAll { rules.contains($0.rule) } }
    }

    func forgetAll() {
        known.removeAll()
        (counts, nextDue) = ([:], nil)
    }

    /// How often states in memory gave way to others.
    var evictions: Int { known.evictions }

    // MARK: Reading

    private static let read = Statement(
        "rule_window_read",
        """
        select w.rule, w.group_key, w.state from unnest($1::smallint[], $2::uuid[], $3::uuid[])
            as k (shard, rule, group_key)
        join rule_window w on w.shard = k.shard and w.rule = k.rule and w.group_key = k.group_key
        where w.content = ($4::bigint[])[array_position($5::uuid[], w.rule)]
        """)
    private static let due = Statement(
        "rule_window_due",
        """
        select rule, group_key, state, content, due_at from rule_window
        where shard = any ($1::smallint[]) and due_at <= $2 order by due_at limit $3
        """)
    private static let next = Statement(
        "rule_window_next",
        "select min(due_at) from rule_window where shard = any ($1::smallint[]) and due_at is not null")
    private static let count = Statement(
        "rule_window_count",
        "select count(*) from rule_window where shard = $1 and rule = $2")

    /// States that are there and of what their rules say now.
    nonisolated(nonsending) func states(
        of keys: Set<StateKey>, _ index: RuleIndex
    ) async throws -> [StateKey: [UInt8]] {
        var found: [StateKey: [UInt8]] = [:]
        let missing = keys.filter { key in
            found[key] = known[key]
            return found[key] == nil
        }
        guard !missing.isEmpty else { return found }
        let (list, rules) = (Array(missing), Array(Set(missing.map(\.rule))))
        let rows = try await database.query(
            Self.read, .int16Array(list.map(\.shard)), .idArray(list.map(\.rule)),
            .uuidArray(list.map(\.group)), .int64Array(rules.map { index.rule($0)?.contentNumber ?? 0 }),
            .idArray(rules))
        for row in rows {
            let key = StateKey(row.id(0), row.uuid(1))
            let state = row.bytes(2)
            found[key] = state
            known[key] = state
        }
        return found
    }

    struct Due {
        let key: StateKey
        let state: [UInt8]
        let content: Int64
    }

    nonisolated(nonsending) func due(by time: Timestamp, of shards: [Int16], limit: Int) async throws -> [Due]
    {
        if nextDue == nil {
            let row = try await database.query(Self.next, .int16Array(shards)).first
            nextDue = row?.optionalTimestamp(0) ?? Timestamp(microseconds: .max)
        }
        guard let nextDue, nextDue <= time else { return [] }
        self.nextDue = nil
        return try await database.query(Self.due, .int16Array(shards), .timestamp(time), .int(limit)).map {
            Due(key: StateKey($0.id(0), $0.uuid(1)), state: $0.bytes(2), content: $0.int64(3))
        }
    }

    // MARK: Writing

    private static let upsert = Statement(
        "rule_window_write",
        """
        insert into rule_window (shard, rule, group_key, content, state, due_at, touched_at)
        select s.*, $7 from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bytea[],
            $6::timestamptz[]) as s
        on conflict (shard, rule, group_key) do update set content = excluded.content, state = excluded.state,
            due_at = excluded.due_at, touched_at = excluded.touched_at
        """)
    private static let delete = Statement(
        "rule_window_delete",
        """
        delete from rule_window w using unnest($1::smallint[], $2::uuid[], $3::uuid[]) as k (shard, rule,
            group_key)
        where w.shard = k.shard and w.rule = k.rule and w.group_key = k.group_key
        """)
    /// Those just written go last, or a new group would give way to all that fire; before them what
    /// fires, since its alert is resolved. A state's phase is its second byte, 2 or 3 of what fires.
    private static let evict = Statement(
        "rule_window_evict",
        """
        delete from rule_window where (shard, rule, group_key) in (
            select shard, rule, group_key from rule_window where shard = $1 and rule = $2
            order by touched_at = $4, get_byte(state, 1) >= 2, touched_at, group_key limit $3)
        returning rule, group_key, get_byte(state, 1)
        """)
    /// What a rule is now is asked of its row: whoever asks may know an earlier or a later one. Its number
    /// is `AlertRule.contentNumber`.
    private static let clear = Statement(
        "rule_window_clear",
        """
        with gone as (
            delete from rule_window where (shard, rule, group_key) in (
                select w.shard, w.rule, w.group_key from rule_window w
                where w.shard = any ($1::smallint[]) and not exists (
                    select from alert_rule r
                    where r.id = w.rule and r.status not in ('disabled', 'expired') and w.content
                        = coalesce(r.begun_xid::text::bigint # (r.begun_era::bigint << 48), 0))
                limit $2)
            returning rule, group_key, get_byte(state, 1) as phase
        )
        select gone.rule, gone.group_key, gone.phase, r.status from gone
        left join alert_rule r on r.id = gone.rule
        """)
    private static let isStale = Statement(
        "rule_window_stale",
        """
        select exists (
            select from rule_window w where not exists (
                select from alert_rule r
                where r.id = w.rule and r.status not in ('disabled', 'expired') and w.content
                    = coalesce(r.begun_xid::text::bigint # (r.begun_era::bigint << 48), 0)))
        """)

    /// What a round changed. Nil: forgotten.
    struct Change {
        let content: Int64
        let stored: Stored?
    }

    /// What had to give way to others.
    struct Evicted {
        var groups: [AlertRuleID: Int] = [:]
        /// Groups whose alerts would fire for ever.
        var firing: [AlertRecovery] = []
    }

    nonisolated(nonsending) func write(
        _ changes: [StateKey: Change], at now: Timestamp, in transaction: Transaction
    ) async throws -> Evicted {
        let kept = changes.compactMap { key, change in change.stored.map { (key, change.content, $0) } }
        let gone = changes.filter { $0.value.stored == nil }.map(\.key)
        if !kept.isEmpty {
            _ = try await transaction.query(
                Self.upsert, .int16Array(kept.map(\.0.shard)), .idArray(kept.map(\.0.rule)),
                .uuidArray(kept.map(\.0.group)), .int64Array(kept.map(\.1)), .byteaArray(kept.map(\.2.state)),
                .optionalTimestampArray(kept.map(\.2.due)), .timestamp(now))
        }
        if !gone.isEmpty {
            _ = try await transaction.query(
                Self.delete, .int16Array(gone.map(\.shard)), .idArray(gone.map(\.rule)),
                .uuidArray(gone.map(\.group)))
        }
        return try await makeRoom(kept.map(\.0), at: now, in: transaction)
    }

    /// What is counted in memory is only ever too much, so that the rows are counted anew before any goes.
    private nonisolated(nonsending) func makeRoom(
        _ written: [StateKey], at now: Timestamp, in transaction: Transaction
    ) async throws -> Evicted {
        lost = []
        for key in written where known[key] == nil {
            counts[Counted(shard: key.shard, rule: key.rule), default: Self.uncounted] += 1
        }
        var evicted = Evicted()
        for (place, count) in counts where count > groupsAtMost {
            let rows = try await transaction.query(Self.count, .int16(place.shard), .id(place.rule))
            counts[place] = rows.first?.int(0) ?? 0
            guard let count = counts[place], count > groupsAtMost else { continue }
            let gone = try await transaction.query(
                Self.evict, .int16(place.shard), .id(place.rule), .int(min(max(1, groupsAtMost / 16), 1_000)),
                .timestamp(now))
            counts[place] = count - gone.count
            for row in gone { lost.insert(StateKey(row.id(0), row.uuid(1))) }
            evicted.groups[place.rule, default: 0] += gone.count
            evicted.firing += gone.compactMap { Self.recovery($0, at: now, because: .evicted) }
        }
        return evicted
    }

    /// What is not known to be few is counted the first time.
    private static let uncounted = Int.max / 2

    /// What nobody watches any more.
    struct Cleared {
        let count: Int
        /// Groups whose alerts would fire for ever.
        let firing: [AlertRecovery]
    }

    /// Rules that do not run any more, and those that say something else than before, remember nothing.
    nonisolated(nonsending) func clear(
        of shards: [Int16], at now: Timestamp, limit: Int, in transaction: Transaction
    ) async throws -> Cleared {
        let rows = try await transaction.query(Self.clear, .int16Array(shards), .int(limit))
        let firing = rows.compactMap {
            Self.recovery($0, at: now, because: AlertRecovery.Cause(ruleNow: $0.optionalText(3)))
        }
        for row in rows { known[StateKey(row.id(0), row.uuid(1))] = nil }
        return Cleared(count: rows.count, firing: firing)
    }

    /// - Parameter row: a rule, a group's key and its phase. Nil of what does not fire.
    private static func recovery(
        _ row: Row, at now: Timestamp, because cause: AlertRecovery.Cause
    ) -> AlertRecovery? {
        guard let phase = UInt8(exactly: row.int(2)).flatMap(GroupState.Phase.init(rawValue:)),
            phase.isFiring
        else { return nil }
        return AlertRecovery(StateKey(row.id(0), row.uuid(1)), at: now, because: cause)
    }

    /// Whether there is anything to clear, in whichever shard.
    nonisolated(nonsending) func isStale() async throws -> Bool {
        try await database.query(Self.isStale).first?.bool(0) ?? false
    }

    /// After the commit.
    func apply(_ changes: [StateKey: Change]) {
        for (key, change) in changes {
            known[key] = change.stored?.state
            if let due = change.stored?.due, let next = nextDue { nextDue = min(next, due) }
        }
        for key in lost { known[key] = nil }
        lost = []
    }
}
