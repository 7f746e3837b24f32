import Access
import JSON
import Kernel
import Postgres

/// A series as lists show it.
struct SeriesSummary: Sendable {
    var record: SeriesRecord
    var candles: Int
    var closed: Closed
    var revised: Int
    var updatedAt: Timestamp
    /// Nil of the past, of which it is not known.
    var state: State?

    /// What is missing is counted between the first and the newest closed candle.
    struct Closed: Sendable {
        var first: Timestamp?
        var count = 0
        /// Among the last 100.
        var recent = 0
    }

    struct State: Sendable {
        /// Read when no source is named.
        var isPrimary: Bool
        /// Its closes are prices for policy: see `/v1/price-sources`.
        var pricesPolicy: Bool
        /// Nil: its candles never came as they closed.
        var freshness: SeriesFreshness?
        var staleSince: Timestamp?
    }

    var id: Int { record.id }
    var symbol: String { record.symbol }
}

extension SeriesSummary: JSONWritable {
    func write(to w: inout JSONWriter) {
        var expected = 0
        if let first = closed.first, let last = record.lastClosed {
            expected = record.interval.steps(from: first, to: last) + 1
        }
        w.object { w in
            w.names(of: record)
            w.field("first", record.firstOpen?.description)
            w.field("last", record.lastOpen?.description)
            w.field("candles", candles)
            w.field("missing", expected - closed.count)
            w.field("missing_last_100", min(expected, 100) - closed.recent)
            w.field("revised", revised)
            w.field("updated_at", updatedAt.description)
            w.field("primary", state?.isPrimary)
            w.field("prices_policy", state?.pricesPolicy)
            w.field("freshness", state.map { $0.freshness?.rawValue ?? "history" })
            w.field("stale_since", state?.staleSince?.description)
        }
    }
}

enum SeriesReads {
    static let filter = """
        ($1::uuid is null or s.token_id = $1) and ($2::text is null or s.source = $2)
            and ($3::text is null or s.interval = $3)
        """

    /// Seconds of each interval, for SQL.
    static let lengths =
        "(values "
        + Interval.allCases.map { "('\($0.rawValue)', interval '\($0.seconds) s')" }.joined(separator: ", ")
        + ") as l (interval, length)"

    /// Whether candles of a series may be missing: some are not there, or have not closed.
    static let lacks = """
        (extract(epoch from s.last_open - s.first_open) / extract(epoch from l.length) + 1 > s.candles
            or exists (select from candle c
                where c.series = s.id and not c.closed and c.open_time < s.last_closed))
        """

    /// Of the last 100 up to the newest closed one. All of them and those that are not closed are counted,
    /// each in an index, and not the closed ones, row by row.
    private static let recent = """
        c.series = s.id and c.open_time > s.last_closed - 100 * l.length and c.open_time <= s.last_closed
        """

    private static func list(_ ticker: String, _ end: String) -> String {
        """
        select \(SeriesRecord.columns), s.candles, s.revised, s.updated_at,
            (select count(*) from candle c where \(recent)) - (select count(*) from candle c
                where \(recent) and not c.closed),
            coalesce(k.primary_source = s.source, false),
            exists (select 1 from price_source p where p.series = s.id), s.freshness, s.stale_since,
            (select c.open_time from candle c where c.series = s.id and c.closed
                order by c.open_time limit 1),
            (select count(*) from candle c where c.series = s.id and not c.closed)
        from series s join token k on k.id = s.token_id \(ticker)
            join \(lengths) on l.interval = s.interval
        where \(filter) and ($4::text is null or (t.symbol, s.id) > ($4, $5::int4)) \(end)
        order by t.symbol, s.id limit $6
        """
    }

    static let list = Statement("series_list", derived: list("join ticker t using (token_id)", ""))
    static let listThen = Statement(
        "series_list_then", derived: list(SeriesRecord.ticker(known: "$7"), "and s.created_at <= $7"))

    /// What was known of some series.
    private static let counted = Statement(
        "series_counted",
        """
        select n.id, count(*)::int4, min(c.open_time), max(c.open_time),
            max(c.open_time) filter (where c.closed), count(*) filter (where c.revision > 1)::int4,
            max(c.known_at), min(c.open_time) filter (where c.closed),
            count(*) filter (where c.closed)::int4
        from unnest($1::int4[]) as n (id)
        cross join lateral (
            select open_time, closed, revision, known_at from candle
            where series = n.id and known_at <= $2
            union all
            select open_time, closed, revision, known_at from candle_revision
            where series = n.id and known_at <= $2 and ended_at > $2
        ) c
        group by n.id
        """)
    private static let late = Statement(
        "series_counted_late",
        """
        select n.id, (select count(*) from candle
                where series = n.id and closed and open_time > n.time and known_at <= $3)::int4
            + (select count(*) from candle_revision
                where series = n.id and closed and open_time > n.time and known_at <= $3
                    and ended_at > $3)::int4
        from unnest($1::int4[], $2::timestamptz[]) as n (id, time)
        """)

    /// Candles that one answer counts: about a second of the database's time.
    static let mostCounted = 1_000_000

    nonisolated(nonsending) static func list(
        _ token: TokenID?, _ source: String?, _ interval: Interval?, asOf: Timestamp?, after: [String]?,
        limit: Int, in database: Database
    ) async throws -> [SeriesSummary] {
        let id = after.flatMap { Int32($0[1]) }
        var parameters: [Parameter] = [
            .id(token), .text(source), .text(interval?.rawValue), .text(id == nil ? nil : after?[0]),
            .int32(id), .int(limit),
        ]
        if let asOf { parameters.append(.timestamp(asOf)) }
        let rows = try await database.query(asOf == nil ? list : listThen, parameters: parameters)
        return rows.compactMap { row in
            SeriesRecord(row).map {
                SeriesSummary(
                    record: $0, candles: row.int(13),
                    closed: .init(
                        first: row.optionalTimestamp(21), count: row.int(13) - row.int(22),
                        recent: row.int(16)),
                    revised: row.int(14), updatedAt: row.timestamp(15),
                    state: .init(
                        isPrimary: row.bool(17), pricesPolicy: row.bool(18),
                        freshness: row.optionalText(19).flatMap(SeriesFreshness.init),
                        staleSince: row.optionalTimestamp(20)))
            }
        }
    }

    /// With what was known of them then; as many as can be counted, and one at least.
    nonisolated(nonsending) static func counted(
        _ found: [SeriesSummary], asOf: Timestamp, mostCounted: Int = mostCounted, in database: Database
    ) async throws -> [SeriesSummary] {
        var left = mostCounted
        var taken = Array(
            found.prefix { one in
                defer { left -= one.candles }
                return left > 0
            })
        let counts = try await database.report(
            counted, .int32Array(taken.map { Int32($0.id) }), .timestamp(asOf))
        let rows = Dictionary(uniqueKeysWithValues: counts.map { ($0.int(0), $0) })
        let ends = taken.map { one in
            rows[one.id]?.optionalTimestamp(4).map { $0 - one.record.interval.period * 100.0 } ?? .forever
        }
        let late = try await database.report(
            late, .int32Array(taken.map { Int32($0.id) }), .timestampArray(ends), .timestamp(asOf))
        let recent = Dictionary(uniqueKeysWithValues: late.map { ($0.int(0), $0.int(1)) })
        for index in taken.indices {
            let row = rows[taken[index].id]
            taken[index].candles = row?.int(1) ?? 0
            taken[index].record.firstOpen = row?.timestamp(2)
            taken[index].record.lastOpen = row?.timestamp(3)
            taken[index].record.lastClosed = row?.optionalTimestamp(4)
            taken[index].revised = row?.int(5) ?? 0
            taken[index].updatedAt = row?.timestamp(6) ?? min(taken[index].updatedAt, asOf)
            taken[index].closed = .init(
                first: row?.optionalTimestamp(7), count: row?.int(8) ?? 0,
                recent: recent[taken[index].id] ?? 0)
            taken[index].state = nil
        }
        return taken
    }
}
