import Kernel
import Postgres

/// The market gates of one worker, kept between candles: a new candle of a token needs one of the market's,
/// not all of them.
final class MarketGates {
    /// Sources and intervals that are kept, and the newest candles of each: 50 bytes a candle.
    static let mostKept = 16
    static let mostCandles = 50_000
    /// Older ones are dropped by so many at once.
    static let dropped = 10_000

    struct Kept {
        /// The market's series and its version; nil where there is none.
        var series: (id: Int, version: Int64)?
        var gate: MarketGate
        var last: Timestamp?
        /// What it says of candles before this one is forgotten; nil: nothing is.
        var from: Timestamp?

        /// Whether it can say something of every candle after this one.
        func reaches(after time: Timestamp?) -> Bool { from.map { $0 <= time ?? .never } ?? true }
    }

    private struct Place: Hashable {
        var source: String
        var interval: Interval
    }

    private let database: Database
    private var kept: [Place: Kept] = [:]

    init(database: Database) { self.database = database }

    static let market = Statement("market_series", derived: market("($1, $2)"))
    static let marketOfSeries = Statement(
        "market_of_series",
        derived: market("(select o.source, o.interval from series o where o.id = $1)"))

    /// By the token's few series, whatever the planner believes: before somebody has analysed the table it
    /// goes through all series of a source.
    private static func market(_ place: String) -> String {
        """
        select \(SeriesRecord.columns) from (
            select token_id, symbol, valid_to from ticker where symbol = '\(SeriesRecord.market)' offset 0
        ) t cross join lateral (
            select * from series
            where token_id = t.token_id and (source || '', interval || '') = \(place) offset 0
        ) s
        order by t.valid_to desc nulls first limit 1
        """
    }

    static func ask(_ source: String, _ interval: Interval, in connection: any Queryable) -> Query {
        connection.send(market, .text(source), .text(interval.rawValue))
    }

    /// The gate of a series as its market's candles are now, for candles after `time`. Only appended ones are
    /// read when nothing else happened; all are read for a past that is forgotten.
    nonisolated(nonsending) func current(
        of series: SeriesRecord, _ market: SeriesRecord?, after time: Timestamp?
    ) async throws -> Kept {
        let (interval, place) = (series.interval, Place(source: series.source, interval: series.interval))
        guard let market else {
            kept[place] = nil
            return Kept(gate: MarketGate(interval))
        }
        var gate = kept[place] ?? Kept(gate: MarketGate(interval))
        let isNear = gate.reaches(after: time)
        if isNear && gate.series?.id == market.id && gate.series?.version == market.version { return gate }
        let isAppended = gate.series.map { $0.id == market.id && $0.version >= market.rewritten } ?? false
        if !isNear || !isAppended { gate = Kept(gate: MarketGate(interval)) }
        // Read before the candles: what arrives meanwhile makes this version an old one.
        gate.series = (market.id, market.version)
        var pages = CandlePages(market.id, after: gate.last)
        while let page = try await pages.next(database) {
            for candle in page { gate.gate.update(candle) }
            gate.last = page.last?.openTime
        }
        if kept.count >= Self.mostKept && kept[place] == nil { kept = [:] }
        kept[place] = Self.trimmed(gate)
        return gate
    }

    private static func trimmed(_ gate: Kept) -> Kept {
        guard gate.gate.count > mostCandles + dropped else { return gate }
        var gate = gate
        gate.gate.keep(last: mostCandles)
        gate.from = gate.gate.first
        return gate
    }
}

/// The closed candles of a series, page by page, each in a statement of its own.
struct CandlePages {
    /// About 3 ms of the database's time, and 5 ms of analysis: others on the loop wait no longer than that.
    static let size = 1_000

    private static let closed = Statement(
        "candle_closed",
        """
        select open_time, open, high, low, close, volume from candle
        where series = $1 and open_time > $2 and open_time < $3 and closed
        order by open_time limit $4
        """)

    private static let known = Statement(
        "candle_known_at", "select known_at from candle where series = $1 and open_time = $2")

    private let series: Int
    private let before: Timestamp
    private var last: Timestamp
    private var isOver = false

    init(_ series: Int, after: Timestamp?, before: Timestamp = .forever) {
        self.series = series
        self.before = before
        last = after ?? .never
    }

    /// Nil when there are no more; never empty.
    nonisolated(nonsending) mutating func next(_ database: Database) async throws -> [Candle]? {
        if isOver { return nil }
        let (series, last, before) = (series, last, before)
        let page = try await database.pool.transaction { transaction in
            try await Self.read(series, after: last, before: before, in: transaction)
        }
        isOver = page.count < Self.size
        self.last = page.last?.openTime ?? last
        return page.isEmpty ? nil : page
    }

    /// When a candle came as it is.
    nonisolated(nonsending) static func knownAt(
        _ time: Timestamp, of series: Int, in connection: any Queryable
    ) async throws -> Timestamp? {
        try await connection.query(known, .int(series), .timestamp(time)).first?.timestamp(0)
    }

    nonisolated(nonsending) static func read(
        _ series: Int, after: Timestamp, before: Timestamp = .forever, in connection: any Queryable
    ) async throws -> [Candle] {
        let rows = try await connection.query(
            closed, .int(series), .timestamp(after), .timestamp(before), .int(size))
        return rows.map { row in
            Candle(
                openTime: row.timestamp(0), open: row.double(1), high: row.double(2), low: row.double(3),
                close: row.double(4), volume: row.double(5))
        }
    }
}

extension Timestamp {
    /// Before and after every time that a candle may have.
    static let never = Timestamp(microseconds: .min)
    static let forever = Timestamp(microseconds: .max)
}
