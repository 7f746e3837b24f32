import Access
import Kernel
import Postgres

/// A series with all of its row: what the analysis steps from, and what lists show.
struct SeriesRecord: Sendable {
    /// The token whose series is the market's.
    static let market = "BTC"

    var id: Int
    var token: TokenID
    var symbol: String
    var source: String
    var interval: Interval
    var firstOpen: Timestamp?
    var lastOpen: Timestamp?
    var lastClosed: Timestamp?
    var version: Int64
    var rewritten: Int64
    var dirtyFrom: Timestamp?
    var analysed: Int64
    var staleAt: Timestamp?

    var isMarket: Bool { symbol == Self.market }

    static let columns = """
        s.id, s.token_id, t.symbol, s.source, s.interval, s.first_open, s.last_open, s.last_closed, s.version,
        s.rewritten, s.dirty_from, s.analysed, s.stale_at
        """

    /// Of a row that begins with `columns`.
    init?(_ row: Row) {
        guard let interval = Interval(rawValue: row.text(4)) else { return nil }
        id = row.int(0)
        token = row.id(1)
        symbol = row.text(2)
        source = row.text(3)
        self.interval = interval
        firstOpen = row.optionalTimestamp(5)
        lastOpen = row.optionalTimestamp(6)
        lastClosed = row.optionalTimestamp(7)
        version = row.int64(8)
        rewritten = row.int64(9)
        dirtyFrom = row.optionalTimestamp(10)
        analysed = row.int64(11)
        staleAt = row.optionalTimestamp(12)
    }
}

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
            select \(SeriesRecord.columns) from series s join ticker t using (token_id)
            where s.id = $1 and s.dirty_from is not null
            for no key update of s skip locked
            """)

    /// In the order of ids, as everybody locks series: whoever marks others must hold all of them.
    static let lockMarket = Statement(
        "series_lock_market",
        derived: """
            select \(SeriesRecord.columns) from series s join ticker t using (token_id)
            where s.source = $2 and s.interval = $3 and (s.id = $1 or s.last_closed >= $4)
            order by s.id
            for no key update of s
            """)

    private static let mark = Statement(
        "series_mark",
        "update series set dirty_from = least(dirty_from, $2) where id = any($1::int4[])")

    /// A state that has seen candles from where the step began is outdated.
    private static let advance = Statement(
        "series_advance",
        """
        with outdated as (delete from analysis_state where series = $1 and time >= $7)
        update series set dirty_from = $2, analysed = analysed + 1,
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
        update series s set dirty_from = least(s.dirty_from, l.graded) from locked l where s.id = l.id
        """)

    private static let dirty = Statement(
        "series_dirty_list",
        "select id from series where dirty_from is not null order by dirty_from desc limit $1")

    nonisolated(nonsending) static func read(_ id: Int, in source: any Queryable) async throws
        -> SeriesRecord?
    {
        try await source.query(read, .int(id)).first.flatMap(SeriesRecord.init)
    }

    /// The series, locked, if it has work and nobody else is at it; and those that a market's series stands
    /// above, locked too.
    nonisolated(nonsending) static func lock(
        _ known: SeriesRecord, in transaction: Transaction
    ) async throws -> (series: SeriesRecord, dependents: [Int])? {
        guard known.isMarket else {
            let row = try await transaction.query(lock, .int(known.id)).first
            return row.flatMap(SeriesRecord.init).map { ($0, []) }
        }
        guard let from = known.dirtyFrom else { return nil }
        let all = try await transaction.query(
            lockMarket, .int(known.id), .text(known.source), .text(known.interval.rawValue), .timestamp(from)
        ).compactMap(SeriesRecord.init)
        // When it has become dirty further back since, others would have to be locked: the next round does.
        guard let series = all.first(where: { $0.id == known.id }), let now = series.dirtyFrom, now >= from
        else { return nil }
        return (series, all.map(\.id).filter { $0 != known.id })
    }

    nonisolated(nonsending) static func mark(
        _ series: [Int], from: Timestamp, in transaction: Transaction
    ) async throws {
        guard !series.isEmpty else { return }
        try await transaction.query(mark, .int32Array(series.map(Int32.init)), .timestamp(from))
    }

    nonisolated(nonsending) static func advance(
        _ series: Int, from: Timestamp, to next: Timestamp?, newest: [Grade], in transaction: Transaction
    ) async throws {
        let v0 = newest.first { $0.model == .traderV0 }
        let v1 = newest.first { $0.model == .traderV1 }
        try await transaction.query(
            advance, .int(series), .timestamp(next), .timestamp(v0?.time), .double(v0?.value),
            .timestamp(v1?.time), .double(v1?.value), .timestamp(from))
    }

    nonisolated(nonsending) static func catchUp(_ models: GradeModels, in database: Database) async throws {
        let (v0, v1) = (models.computed.contains(.traderV0), models.computed.contains(.traderV1))
        _ = try await database.transaction { transaction in
            try await transaction.query(catchUp, .bool(v0), .bool(v1))
        }
    }

    nonisolated(nonsending) static func dirty(_ limit: Int, in source: any Queryable) async throws -> [Int] {
        try await source.query(dirty, .int(limit)).map { $0.int(0) }
    }
}
