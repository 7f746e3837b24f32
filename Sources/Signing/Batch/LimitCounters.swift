import Access
import Kernel
import Postgres

/// A counter's place: whose, and which of theirs. Clause 0 of a key is its nonce.
struct CounterKey: Hashable, Comparable {
    let owner: String
    let clause: Int

    static func < (a: Self, b: Self) -> Bool { (a.owner, a.clause) < (b.owner, b.clause) }

    static func nonce(of key: ExchangeKeyID) -> CounterKey { CounterKey(owner: key.description, clause: 0) }
}

/// The counters that a batch holds: locked rows, changed here and written back once.
///
/// Windows are fixed: aligned to their length since 1970, and rolled in place by the database's clock as it
/// was read under the lock, so that nodes with other clocks agree.
struct LimitCounters {
    struct Row: Equatable {
        var windowStart: Timestamp
        var used: Int64

        /// What was used in another window is over.
        fileprivate mutating func add(_ amount: Int64, since start: Timestamp) {
            if windowStart != start { (windowStart, used) = (start, 0) }
            let (sum, overflows) = used.addingReportingOverflow(amount)
            used = overflows ? .max : sum
        }
    }

    private(set) var rows: [CounterKey: Row]
    /// As they were read.
    private let before: [CounterKey: Row]
    private let now: Timestamp

    init(_ rows: [CounterKey: Row], at now: Timestamp) { (self.rows, before, self.now) = (rows, rows, now) }

    var changed: Set<CounterKey> {
        rows.reduce(into: []) { changed, row in
            if before[row.key] != row.value { changed.insert(row.key) }
        }
    }

    /// Those that have no row yet.
    func missing(of wanted: some Sequence<CounterKey>) -> [CounterKey] {
        Set(wanted.lazy.filter { rows[$0] == nil }).sorted()
    }

    /// What is used up in the present window.
    func used(_ key: CounterKey, windowSeconds: Int64) -> Int64 {
        guard let row = rows[key], row.windowStart == start(of: windowSeconds) else { return 0 }
        return row.used
    }

    /// Of a charge that was found to fit. One look-up: every use makes several.
    mutating func charge(_ key: CounterKey, _ amount: Int64, windowSeconds: Int64) {
        let start = start(of: windowSeconds)
        rows[key, default: Row(windowStart: start, used: 0)].add(amount, since: start)
    }

    /// Never falls, whatever clocks do: the last one and one more, or the database's microseconds.
    mutating func nextNonce(of key: ExchangeKeyID) -> UInt64 {
        let place = CounterKey.nonce(of: key)
        let next = max((rows[place]?.used ?? 0) + 1, now.microseconds)
        rows[place] = Row(windowStart: Timestamp(microseconds: 0), used: next)
        return UInt64(next)
    }

    private func start(of seconds: Int64) -> Timestamp { Self.windowStart(seconds: seconds, at: now) }

    static func windowStart(seconds: Int64, at time: Timestamp) -> Timestamp {
        let length = max(seconds, 1) * 1_000_000
        return Timestamp(microseconds: time.microseconds - time.microseconds % length)
    }
}

extension LimitCounters {
    static let lock = Statement(
        "limit_counters_lock",
        """
        select owner, clause, window_start, used from limit_counter
        where owner = any ($1) and clause < 1000
        order by owner, clause for no key update
        """)
    static let read = Statement(
        "limit_counters_read",
        """
        select owner, clause, window_start, used, clock_timestamp() from limit_counter
        where owner = any ($1) and clause < 1000
        """)
    static let make = Statement(
        "limit_counters_make",
        """
        insert into limit_counter (owner, clause, window_start, used)
        select owner, clause, 'epoch', 0 from unnest($1::text[], $2::integer[]) as c (owner, clause)
        order by owner, clause on conflict do nothing
        """)
    private static let write = Statement(
        "limit_counters_write",
        """
        update limit_counter c set window_start = d.window_start, used = d.used
        from unnest($1::text[], $2::integer[], $3::timestamptz[], $4::bigint[])
            as d (owner, clause, window_start, used)
        where c.owner = d.owner and c.clause = d.clause
        """)

    init(_ rows: Rows, at now: Timestamp) {
        let pairs = rows.map { row in
            (
                CounterKey(owner: row.text(0), clause: row.int(1)),
                Row(windowStart: row.timestamp(2), used: row.int64(3))
            )
        }
        self.init(Dictionary(pairs, uniquingKeysWith: { first, _ in first }), at: now)
    }

    /// Nil when nothing changed.
    func write(in transaction: Transaction) -> Query? {
        let keys = changed.sorted()
        guard !keys.isEmpty else { return nil }
        let values = keys.compactMap { rows[$0] }
        return transaction.send(
            Self.write,
            [
                .textArray(keys.map(\.owner)), .int32Array(keys.map { Int32($0.clause) }),
                .timestampArray(values.map(\.windowStart)), .int64Array(values.map(\.used)),
            ])
    }
}
