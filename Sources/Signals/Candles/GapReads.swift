import Access
import Kernel
import Postgres

/// Gaps of many series: series by series in the order in which they were made, the newest gap first. An
/// answer looks at a bounded number of candles, so a page may hold few gaps, or none, and yet say where to go
/// on.
enum GapReads {
    /// Candles that one answer looks at: 0.2 s.
    static let mostCandles = 100_000
    /// Candles that are read at once.
    private static let pageSize = 5_000
    /// Series that are read at once, and what each of them counts at least.
    private static let seriesAtOnce = 200
    private static let fewestCandles = 100

    struct Wanted {
        var token: TokenID?
        var source: String?
        var interval: Interval?
        var range: TimeRange
    }

    struct Found: Sendable {
        var series: SeriesRecord
        var gap: Gap

        /// Where the candles lie that have not been looked at.
        var place: Place {
            Place(series: series.id, time: gap.first - series.interval.period)
        }
    }

    /// A candle of a series, or where it would be.
    struct Place: Sendable {
        var series: Int
        var time: Timestamp

        init(series: Int, time: Timestamp) { (self.series, self.time) = (series, time) }

        init?(_ parts: [String]?) {
            guard let parts, let series = Int32(parts[0]), let time = Int64(parts[1]), time >= 0 else {
                return nil
            }
            self.init(series: Int(series), time: Timestamp(microseconds: time))
        }

        var parts: [String] { [String(series), String(time.microseconds)] }
    }

    /// Of now only those that lack candles, or have some that never closed; of the past all that were there.
    static let series = Statement(
        "gap_series",
        derived: """
            select \(SeriesRecord.columns)
            from series s \(SeriesRecord.ticker(known: "$5"))
                join \(SeriesReads.lengths) on l.interval = s.interval
            where \(SeriesReads.filter) and s.id >= $4 and s.last_open > s.first_open and s.created_at <= $5
                and ($5 < 'infinity' or \(SeriesReads.lacks))
            order by s.id limit $6
            """)

    private static func closed(_ condition: String, _ order: String) -> String {
        let range = "series = $1 and \(condition) and closed and known_at <= $3"
        return """
            (select open_time from candle where \(range) order by open_time \(order) limit $4)
            union all
            (select open_time from candle_revision where \(range) and ended_at > $3
                order by open_time \(order) limit $4)
            order by open_time \(order) limit $4
            """
    }

    static let times = Statement("gap_times", derived: closed("open_time <= $2", "desc"))
    static let next = Statement("gap_next", derived: closed("open_time >= $2", "asc"))

    /// Open times of closed candles from one on.
    nonisolated(nonsending) static func closed(
        _ statement: Statement, _ series: Int, _ time: Timestamp, _ asOf: Timestamp, _ limit: Int,
        in database: Database
    ) async throws -> [Timestamp] {
        try await database.query(
            statement, .int(series), .timestamp(time), .timestamp(asOf), .int(limit)
        ).map { $0.timestamp(0) }
    }

    /// At most `limit` gaps; and where to go on when an answer's candles ended before the last series did.
    nonisolated(nonsending) static func list(
        _ wanted: Wanted, after begin: Place?, limit: Int, mostCandles: Int = mostCandles,
        in database: Database
    ) async throws -> (found: [Found], cut: Place?) {
        var found: [Found] = []
        var place = begin
        var left = mostCandles
        while true {
            let all = try await series(wanted, from: place?.series ?? 0, in: database)
            for one in all {
                var walk = Walk(series: one, range: wanted.range)
                if let place, place.series == one.id { walk.time = place.time }
                while !walk.isOver, found.count < limit {
                    guard left > 0 else { return (found, Place(series: one.id, time: walk.time)) }
                    let (gaps, count) = try await walk.next(in: database)
                    found += gaps.prefix(limit - found.count).map { Found(series: one, gap: $0) }
                    left -= max(count, fewestCandles)
                    await Task.yield()
                }
                if found.count == limit { return (found, nil) }
            }
            guard all.count == seriesAtOnce, let last = all.last else { return (found, nil) }
            place = Place(series: last.id + 1, time: .forever)
        }
    }

    private nonisolated(nonsending) static func series(
        _ wanted: Wanted, from id: Int, in database: Database
    ) async throws -> [SeriesRecord] {
        try await database.query(
            series, .id(wanted.token), .text(wanted.source), .text(wanted.interval?.rawValue), .int(id),
            .timestamp(wanted.range.asOf), .int(seriesAtOnce)
        ).compactMap(SeriesRecord.init)
    }

    /// The closed candles of one series, from the newest back.
    private struct Walk {
        let series: SeriesRecord
        let range: TimeRange
        /// The next one opened here at the latest.
        var time = Timestamp.forever
        private(set) var isOver = false
        private var hasBegun = false

        init(series: SeriesRecord, range: TimeRange) { (self.series, self.range) = (series, range) }

        nonisolated(nonsending) mutating func next(
            in database: Database
        ) async throws -> (gaps: [Gap], count: Int) {
            try await begin(in: database)
            let times = try await read(GapReads.times, time, GapReads.pageSize, in: database)
            isOver = times.count < GapReads.pageSize || times.last.map { $0 <= range.from } ?? true
            time = times.last ?? time
            let gaps = zip(times.dropFirst(), times).compactMap { earlier, later in
                Gaps.between(earlier, later, series.interval)
            }
            return (gaps.filter { $0.last >= range.from && $0.first < range.to }, times.count)
        }

        /// From the candle behind a gap that reaches over the end of what is asked for.
        private nonisolated(nonsending) mutating func begin(in database: Database) async throws {
            guard !hasBegun else { return }
            hasBegun = true
            guard range.to < time else { return }
            time = try await read(GapReads.next, range.to, 1, in: database).first ?? time
        }

        private nonisolated(nonsending) func read(
            _ statement: Statement, _ time: Timestamp, _ limit: Int, in database: Database
        ) async throws -> [Timestamp] {
            try await GapReads.closed(statement, series.id, time, range.asOf, limit, in: database)
        }
    }
}
