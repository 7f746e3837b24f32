import Kernel
import Postgres

/// How many of the last candles are missing: one rule for all who tell it. Between the first closed candle
/// and the newest one each is missing that is not there, or never closed. What opened behind the newest
/// closed one is not: it may be open still.
extension SeriesFinder {
    private static let newest = Statement(
        "series_newest_closed",
        "select open_time from candle where series = $1 and closed order by open_time desc limit $2")

    private static let oldest = Statement(
        "series_oldest_closed",
        "select open_time from candle where series = $1 and closed order by open_time limit 1")

    private static let part = "open_time >= d.opens and open_time < d.closes and series = $1"

    /// How many derived candles have all of their parts. Of a series that lacks none, nothing is counted.
    static let whole = Statement(
        "series_whole_derived",
        derived: """
            select count(*) from unnest($2::timestamptz[], $3::timestamptz[]) as d (opens, closes)
            where d.opens >= $4 and (
                (select not \(SeriesReads.lacks) from series s join \(SeriesReads.lengths)
                    on l.interval = s.interval where s.id = $1)
                or (select count(*) from candle where \(part))
                    - (select count(*) from candle where \(part) and not closed) = $5)
            """)

    static let wholeThen = Statement(
        "series_whole_derived_then",
        derived: """
            select count(*) from unnest($2::timestamptz[], $3::timestamptz[]) as d (opens, closes)
            where d.opens >= $4 and $5 =
                (select count(*) from candle where \(part) and closed and known_at <= $6)
                + (select count(*) from candle_revision
                    where \(part) and closed and known_at <= $6 and ended_at > $6)
            """)

    /// Of stored candles those that are not there, of derived ones those that are not whole: the one in which
    /// the series begins may be such a one; one that is not over yet is none.
    nonisolated(nonsending) func missingLast100(
        _ series: ReadSeries, asOf: Timestamp
    ) async throws -> Int {
        let window = TraderGrade.missingWindow
        guard let base = series.derivedFrom else {
            var times = RecentTimes()
            for time in try await newest(window, series, asOf).reversed() { times.push(time) }
            return times.missing(last: window, series.interval)
        }
        guard let first = try await oldest(series, asOf),
            let last = try await newest(1, series, asOf).first
        else { return 0 }
        let interval = series.interval
        // The first one that is not over: the newest is the one before it.
        let open = interval.open(at: base.close(of: last))
        let count = min(window, interval.steps(from: interval.open(at: first), to: open))
        let opens = (0..<count).map { open - interval.period * Double($0 + 1) }
        var parameters: [Parameter] = [
            .int(series.stored.id), .timestampArray(opens),
            .timestampArray(opens.map { interval.close(of: $0) }), .timestamp(first),
            .int(interval.parts(of: base)),
        ]
        if asOf < .forever { parameters.append(.timestamp(asOf)) }
        let rows = try await database.query(
            asOf < .forever ? Self.wholeThen : Self.whole, parameters: parameters)
        return count - (rows.first?.int(0) ?? 0)
    }

    private nonisolated(nonsending) func newest(
        _ count: Int, _ series: ReadSeries, _ asOf: Timestamp
    ) async throws -> [Timestamp] {
        let id = series.stored.id
        if asOf < .forever {
            return try await GapReads.closed(GapReads.times, id, .forever, asOf, count, in: database)
        }
        return try await database.query(Self.newest, .int(id), .int(count)).map { $0.timestamp(0) }
    }

    private nonisolated(nonsending) func oldest(
        _ series: ReadSeries, _ asOf: Timestamp
    ) async throws -> Timestamp? {
        let id = series.stored.id
        if asOf < .forever {
            return try await GapReads.closed(GapReads.next, id, .never, asOf, 1, in: database).first
        }
        return try await database.query(Self.oldest, .int(id)).first?.timestamp(0)
    }
}
