import JSON
import Kernel
import Postgres

/// A candle in one of its revisions. A derived one has been revised as often as its parts, and is known since
/// the last of them is.
struct StoredCandle: Sendable {
    var candle: Candle
    var revision: Int
    var knownAt: Timestamp
    /// Parts that a derived candle lacks; nil of one that is stored.
    var missing: Int?
}

extension StoredCandle: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("time", candle.openTime)
            w.field("open", candle.open)
            w.field("high", candle.high)
            w.field("low", candle.low)
            w.field("close", candle.close)
            w.field("volume", candle.volume)
            w.field("closed", candle.closed)
            if let missing { w.field("missing", missing) }
            w.field("revision", revision)
            w.field("known_at", knownAt)
        }
    }
}

/// Candles as they were known at a time: two walks along an index, merged.
enum CandleReads {
    private static func list(_ order: String, _ condition: String = "") -> String {
        let columns = "open_time, open, high, low, close, volume, closed, revision, known_at"
        let range = "series = $1 and open_time >= $2 and open_time < $3 and known_at <= $4\(condition)"
        // Each walk ends by itself: without its own limit a plan may read a whole series to sort it.
        let end = "order by open_time \(order) limit $5"
        return """
            (select \(columns) from candle where \(range) \(end))
            union all
            (select \(columns) from candle_revision where \(range) and ended_at > $4 \(end))
            \(end)
            """
    }

    static let up = Statement("candle_list", derived: list("asc"))
    static let down = Statement("candle_list_down", derived: list("desc"))
    static let closedDown = Statement("candle_newest_closed", derived: list("desc", " and closed"))
    static let closed = Statement("candle_list_closed", derived: list("asc", " and closed"))

    nonisolated(nonsending) static func list(
        _ series: Int, _ range: TimeRange, isAscending: Bool, limit: Int, in database: Database
    ) async throws -> [StoredCandle] {
        let rows = try await database.query(
            isAscending ? up : down, .int(series), .timestamp(range.from), .timestamp(range.to),
            .timestamp(range.asOf), .int(limit))
        return rows.map(candle)
    }

    /// Closed candles, in the order of time: at most `CandlePages.size`.
    nonisolated(nonsending) static func closed(
        _ series: Int, _ range: TimeRange, in database: Database
    ) async throws -> [Candle] {
        let rows = try await database.query(
            closed, .int(series), .timestamp(range.from), .timestamp(range.to), .timestamp(range.asOf),
            .int(CandlePages.size))
        return rows.map { candle($0).candle }
    }

    /// The newest closed candles, at most `CandlePages.size`, in the order of time.
    nonisolated(nonsending) static func newestClosed(
        _ series: Int, asOf: Timestamp, in database: Database
    ) async throws -> [Candle] {
        let rows = try await database.query(
            closedDown, .int(series), .timestamp(.never), .timestamp(.forever), .timestamp(asOf),
            .int(CandlePages.size))
        return rows.map { candle($0).candle }.reversed()
    }

    private static func candle(_ row: Row) -> StoredCandle {
        let candle = Candle(
            openTime: row.timestamp(0), open: row.double(1), high: row.double(2), low: row.double(3),
            close: row.double(4), volume: row.double(5), closed: row.bool(6))
        return StoredCandle(candle: candle, revision: row.int(7), knownAt: row.timestamp(8))
    }
}
