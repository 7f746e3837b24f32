import Access
import JSON
import Kernel
import Postgres

/// A series as lists show it.
struct SeriesSummary: Sendable {
    var record: SeriesRecord
    var candles: Int
    var inLast100: Int
    var revised: Int
    var updatedAt: Timestamp
    /// Read when no source is named.
    var isPrimary: Bool
    /// Its closes are prices for policy: see `/v1/price-sources`.
    var pricesPolicy: Bool
    /// Nil: its candles never came as they closed.
    var freshness: SeriesFreshness?
    var staleSince: Timestamp?

    var id: Int { record.id }
    var symbol: String { record.symbol }
}

extension SeriesSummary: JSONWritable {
    func write(to w: inout JSONWriter) {
        var expected = 0
        if let first = record.firstOpen, let last = record.lastOpen {
            expected = record.interval.steps(from: first, to: last) + 1
        }
        w.object { w in
            w.names(of: record)
            w.field("first", record.firstOpen?.description)
            w.field("last", record.lastOpen?.description)
            w.field("candles", candles)
            w.field("missing", expected - candles)
            w.field("missing_last_100", min(expected, 100) - inLast100)
            w.field("revised", revised)
            w.field("updated_at", updatedAt.description)
            w.field("primary", isPrimary)
            w.field("prices_policy", pricesPolicy)
            w.field("freshness", freshness?.rawValue ?? "history")
            w.field("stale_since", staleSince?.description)
        }
    }
}

enum SeriesReads {
    private static let filter = """
        ($1::uuid is null or s.token_id = $1) and ($2::text is null or s.source = $2)
            and ($3::text is null or s.interval = $3)
        """

    /// Seconds of each interval, for SQL.
    static let lengths =
        "(values "
        + Interval.allCases.map { "('\($0.rawValue)', interval '\($0.seconds) s')" }.joined(separator: ", ")
        + ") as l (interval, length)"

    static let list = Statement(
        "series_list",
        derived: """
            select \(SeriesRecord.columns), s.candles, s.revised, s.updated_at,
                (select count(*) from candle c
                    where c.series = s.id and c.open_time > s.last_open - 100 * l.length),
                coalesce(k.primary_source = s.source, false),
                exists (select 1 from price_source p where p.series = s.id), s.freshness, s.stale_since
            from series s join token k on k.id = s.token_id join ticker t using (token_id)
                join \(lengths) on l.interval = s.interval
            where \(filter) and ($4::text is null or (t.symbol, s.id) > ($4, $5::int4))
            order by t.symbol, s.id limit $6
            """)

    /// Neighbours that do not touch. A series without missing candles is not even looked at.
    static let gaps = Statement(
        "series_gaps",
        derived: """
            select \(SeriesRecord.columns), g.before, g.after
            from series s join ticker t using (token_id) join \(lengths) on l.interval = s.interval
            cross join lateral (
                select lag(c.open_time) over (order by c.open_time) as before, c.open_time as after
                from candle c where c.series = s.id
            ) g
            where \(filter)
                and extract(epoch from s.last_open - s.first_open) / extract(epoch from l.length) + 1
                    > s.candles
                and g.after - g.before > l.length
                and ($4::timestamptz is null or g.after - l.length >= $4)
                and ($5::timestamptz is null or g.before + l.length < $5)
                and ($6::timestamptz is null or (g.before + l.length, s.id) < ($6, $7::int4))
            order by g.before desc, s.id desc limit $8
            """)

    nonisolated(nonsending) static func list(
        _ token: TokenID?, _ source: String?, _ interval: Interval?, after: [String]?, limit: Int,
        in database: Database
    ) async throws -> [SeriesSummary] {
        let id = after.flatMap { Int32($0[1]) }
        let rows = try await database.query(
            list, .id(token), .text(source), .text(interval?.rawValue), .text(id == nil ? nil : after?[0]),
            .int32(id), .int(limit))
        return rows.compactMap { row in
            SeriesRecord(row).map {
                SeriesSummary(
                    record: $0, candles: row.int(13), inLast100: row.int(16), revised: row.int(14),
                    updatedAt: row.timestamp(15), isPrimary: row.bool(17), pricesPolicy: row.bool(18),
                    freshness: row.optionalText(19).flatMap(SeriesFreshness.init),
                    staleSince: row.optionalTimestamp(20))
            }
        }
    }

    nonisolated(nonsending) static func gaps(
        _ token: TokenID?, _ source: String?, _ interval: Interval?, from: Timestamp?, to: Timestamp?,
        after: [String]?, limit: Int, in database: Database
    ) async throws -> [(series: SeriesRecord, gap: Gap)] {
        let last = after.flatMap { Int64($0[0]) }.map { Timestamp(microseconds: $0) }
        let rows = try await database.query(
            gaps, .id(token), .text(source), .text(interval?.rawValue), .timestamp(from), .timestamp(to),
            .timestamp(last), .int32(after.flatMap { Int32($0[1]) }), .int(limit))
        return rows.compactMap { row in
            guard let series = SeriesRecord(row),
                let gap = Gaps.between(row.timestamp(13), row.timestamp(14), series.interval)
            else { return nil }
            return (series, gap)
        }
    }
}
