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
    static let filter = """
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
}
