import Access
import Kernel
import Postgres

/// The work queue of the analysis.
enum SeriesQueue {
    static let read = Statement(
        "series_read",
        derived: """
            select \(SeriesRecord.columns) from series s join ticker t using (token_id) where s.id = $1
            """)

    static let lock = Statement(
        "series_lock_one",
        derived: """
            select \(SeriesRecord.columns), s.dirty_to, s.course_to, s.updated_at
            from series s join ticker t using (token_id)
            where s.id = $1 and s.dirty_from is not null
            for no key update of s skip locked
            """)

    /// In the order of ids, as everybody locks series: whoever marks others must hold all of them.
    static let lockMarket = Statement(
        "series_lock_market",
        derived: """
            select \(SeriesRecord.columns), s.dirty_to, s.course_to, s.updated_at
            from series s join ticker t using (token_id)
            where s.source = $2 and s.interval = $3 and (s.id = $1 or s.last_closed >= $4)
            order by s.id
            for no key update of s
            """)

    private static let mark = Statement(
        "series_mark",
        """
        update series set dirty_from = least(dirty_from, $2), dirty_to = greatest(dirty_to, $3)
        where id = any($1::int4[])
        """)

    /// The candle behind the last one whose reading of the market may hang on a changed one of the market's.
    private static let gateReach = Statement(
        "series_gate_reach",
        """
        select open_time from candle where series = $1 and open_time > $2 and closed
        order by open_time offset 49 limit 1
        """)

    private static let advance = Statement(
        "series_advance",
        """
        update series set dirty_from = $2, dirty_to = $7, course_to = $8, analysed = analysed + 1,
            grade_time = case when grade_time > $3 then grade_time else coalesce($3, grade_time) end,
            grade = case when grade_time > $3 then grade else coalesce($4, grade) end,
            grade_v1_time =
                case when grade_v1_time > $5 then grade_v1_time else coalesce($5, grade_v1_time) end,
            grade_v1 = case when grade_v1_time > $5 then grade_v1 else coalesce($6, grade_v1) end
        where id = $1
        """)

    /// Series that a model has not graded up to their end, as after it was switched on. Those that are too
    /// short for a grade are among them at every start: a few candles.
    private static let catchUp = Statement(
        "series_catch_up",
        """
        with late as (
            select id, least(
                case when $1 and last_closed > coalesce(grade_time, '-infinity')
                    then coalesce(grade_time, first_open) end,
                case when $2 and last_closed > coalesce(grade_v1_time, '-infinity')
                    then coalesce(grade_v1_time, first_open) end) as graded
            from series
        ), locked as (
            select s.id, l.graded from series s join late l using (id)
            where l.graded is not null and (s.dirty_from is null or s.dirty_from > l.graded)
            order by s.id for no key update of s
        )
        update series s set dirty_from = least(s.dirty_from, l.graded), dirty_to = 'infinity'
        from locked l where s.id = l.id
        """)

    /// A row when it was another: signals were made with it, and are made anew.
    private static let setGate = Statement(
        "signal_setting_gate",
        "update signal_setting set market_gate = $1 where market_gate <> $1 returning market_gate")

    private static let startAnew = Statement(
        "series_start_anew",
        """
        with locked as (
            select id from series where first_open is not null order by id for no key update
        )
        update series s set dirty_from = least(s.dirty_from, s.first_open), dirty_to = 'infinity'
        from locked l where s.id = l.id
        """)

    /// Of every place that the token has candles of: whose series is the market's there is another now.
    private static let regate = Statement(
        "series_gate_renamed",
        """
        with places as (
            select distinct source, interval from series where token_id = $1
        ), locked as (
            select s.id from series s join places p using (source, interval)
            where s.first_open is not null order by s.id for no key update of s
        )
        update series s set dirty_from = least(s.dirty_from, s.first_open), dirty_to = 'infinity'
        from locked l where s.id = l.id
        """)

    private static let dirty = Statement(
        "series_dirty_list",
        "select id from series where dirty_from is not null order by dirty_from desc limit $1")

    /// Of those with a history to do that nobody is at; in another order for each who asks, so that they do
    /// not all come to the same ones. One whose newest candle alone is left may wait for the market's.
    static let backlog = Statement(
        "series_backlog",
        """
        select id from series
        where dirty_from < last_closed and not id = any($2::int4[])
        order by id::int8 * $3 % 1009 limit $1
        for no key update skip locked
        """)

    /// The series, and its market's.
    nonisolated(nonsending) static func read(
        _ id: Int, in source: any Queryable
    ) async throws -> (series: SeriesRecord, market: SeriesRecord?)? {
        let sent = [read, MarketGates.marketOfSeries].map { source.send($0, .int(id)) }
        let market = try await sent[1].rows().first.flatMap(SeriesRecord.init)
        return try await sent[0].rows().first.flatMap(SeriesRecord.init).map { ($0, market) }
    }

    /// A series that is locked, how far its changes reach, and those that it stands above, locked too.
    struct Locked {
        var series: SeriesRecord
        var reach: DirtyReach
        /// Since when its newest rows are known: what follows from them is known no earlier.
        var updatedAt: Timestamp
        var dependents = Dependents()
    }

    /// The series that a market's stands above.
    struct Dependents {
        /// Only its newest candle is left to do: it may well wait for the market's of the same close.
        private(set) var awaiting: [Int] = []
        private(set) var others: [Int] = []

        var all: [Int] { awaiting + others }

        mutating func add(_ series: Int, dirtyFrom: Timestamp?, newest: Timestamp?) {
            if let dirtyFrom, dirtyFrom == newest {
                awaiting.append(series)
            } else {
                others.append(series)
            }
        }
    }

    /// Asks for the series' lock, if it has work and nobody else is at it, and for those of the series that a
    /// market's stands above.
    static func lock(_ known: SeriesRecord, in transaction: Transaction) -> Query? {
        guard known.isMarket else { return transaction.send(lock, .int(known.id)) }
        return known.dirtyFrom.map { from in
            transaction.send(
                lockMarket, .int(known.id), .text(known.source), .text(known.interval.rawValue),
                .timestamp(from))
        }
    }

    /// What was locked so.
    static func locked(_ known: SeriesRecord, _ rows: Rows) -> Locked? {
        guard known.isMarket else { return rows.first.flatMap { Locked($0) } }
        let all = rows.compactMap { Locked($0) }
        // When it has become dirty further back since, others would have to be locked: the next round does.
        guard var own = all.first(where: { $0.series.id == known.id }), let now = own.series.dirtyFrom,
            let from = known.dirtyFrom, now >= from
        else { return nil }
        for one in all.map(\.series) where one.id != known.id {
            own.dependents.add(one.id, dirtyFrom: one.dirtyFrom, newest: one.lastClosed)
        }
        return own
    }

    /// Their readings of the market may be others from one candle to another.
    nonisolated(nonsending) static func mark(
        _ series: [Int], from: Timestamp, to: Timestamp, in transaction: Transaction
    ) async throws {
        guard !series.isEmpty else { return }
        try await transaction.query(
            mark, .int32Array(series.map(Int32.init)), .timestamp(from), .timestamp(to))
    }

    /// How far readings of a market reach that hang on a candle of its series.
    nonisolated(nonsending) static func gateReach(
        of market: Int, changedTo time: Timestamp?, in transaction: Transaction
    ) async throws -> Timestamp {
        guard let time else { return .forever }
        return try await transaction.query(gateReach, .int(market), .timestamp(time)).first?.timestamp(0)
            ?? .forever
    }

    /// - Parameters:
    ///   - next: where it goes on; nil: nothing is left to do.
    ///   - rest: how far what is left reaches.
    static func advance(
        _ series: Int, to next: Timestamp?, _ rest: DirtyReach, newest: [Grade], in transaction: Transaction
    ) -> Query {
        let v0 = newest.first { $0.model == .traderV0 }
        let v1 = newest.first { $0.model == .traderV1 }
        return transaction.send(
            advance, .int(series), .timestamp(next), .timestamp(v0?.time), .double(v0?.value),
            .timestamp(v1?.time), .double(v1?.value), .timestamp(rest.pending), .timestamp(rest.course))
    }

    /// A token was renamed to, or from, what the market's is called.
    nonisolated(nonsending) static func regate(_ token: TokenID, in transaction: Transaction) async throws {
        try await transaction.query(regate, .id(token))
    }

    nonisolated(nonsending) static func catchUp(_ models: GradeModels, in database: Database) async throws {
        let (v0, v1) = (models.computed.contains(.traderV0), models.computed.contains(.traderV1))
        _ = try await database.transaction { transaction in
            if try await !transaction.query(setGate, .bool(models.usesMarketGate)).isEmpty {
                try await transaction.query(startAnew)
            }
            try await transaction.query(catchUp, .bool(v0), .bool(v1))
        }
    }

    nonisolated(nonsending) static func backlog(
        _ limit: Int, besides others: [Int], salt: UInt64, in database: Database
    ) async throws -> [Int] {
        try await database.transaction { transaction in
            try await transaction.query(
                backlog, .int(limit), .int32Array(others.map(Int32.init)), .int64(Int64(salt % 1_008) + 1)
            ).map { $0.int(0) }
        }
    }

    nonisolated(nonsending) static func dirty(_ limit: Int, in source: any Queryable) async throws -> [Int] {
        try await source.query(dirty, .int(limit)).map { $0.int(0) }
    }
}

extension SeriesQueue.Locked {
    /// Of a row that goes on behind the series' columns.
    fileprivate init?(_ row: Row) {
        guard let series = SeriesRecord(row) else { return nil }
        self.init(
            series: series,
            reach: DirtyReach(pending: row.optionalTimestamp(13), course: row.optionalTimestamp(14)),
            updatedAt: row.timestamp(15))
    }
}

/// How far the changes of a dirty series reach. Behind them, a state that comes out again as it was stored
/// says that everything from there on stands.
struct DirtyReach: Equatable, Sendable {
    /// The last candle that was changed since somebody began.
    var pending: Timestamp?
    /// Of what the course under way has begun with.
    var course: Timestamp?

    static let none = DirtyReach(pending: nil, course: nil)

    /// A change that came while a course was under way leaves what is stored behind it as nobody's course.
    var last: Timestamp {
        switch (pending, course) {
        case (let pending?, nil): pending
        case (nil, let course?): course
        default: .forever
        }
    }
}
