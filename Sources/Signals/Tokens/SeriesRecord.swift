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

    private static let advance = Statement(
        "series_advance",
        """
        update series set dirty_from = $2, analysed = analysed + 1,
            grade_time = case when grade_time > $3 then grade_time else coalesce($3, grade_time) end,
            grade = case when grade_time > $3 then grade else coalesce($4, grade) end
        where id = $1
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
        _ series: Int, to next: Timestamp?, newest: Grade?, in transaction: Transaction
    ) async throws {
        try await transaction.query(
            advance, .int(series), .timestamp(next), .timestamp(newest?.time), .double(newest?.value))
    }

    nonisolated(nonsending) static func dirty(_ limit: Int, in source: any Queryable) async throws -> [Int] {
        try await source.query(dirty, .int(limit)).map { $0.int(0) }
    }
}
