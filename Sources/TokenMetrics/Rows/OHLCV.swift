import JSON
import Kernel
import Postgres

/// A closed candle of a token.
struct OHLCV: Sendable {
    var name: TokenName
    var time: Timestamp
    var open: Double
    var high: Double
    var low: Double
    var close: Double
    var volume: Double

    static let page = Statement(
        "tm_candles",
        derived: """
            select k.number, t.symbol, c.open_time, c.open, c.high, c.low, c.close, c.volume
            from token k join ticker t on t.token_id = k.id
            cross join lateral primary_series(k.id, $8, $2) s
            join candle c on c.series = s.id and c.closed
                and c.open_time >= coalesce($6, date_trunc('day', s.last_closed, 'UTC') - interval '29 days')
                and c.open_time < coalesce($7::timestamptz, 'infinity')
            \(ListParameters.chosen)
            order by k.number, c.open_time desc limit $4 offset $5
            """)

    nonisolated(nonsending) static func list(
        _ ask: Ask, _ days: DayRange, every grain: Grain, in database: Database
    ) async throws -> [OHLCV] {
        guard let parameters = try await ListParameters(ask, in: database) else { return [] }
        let rows = try await database.query(
            page,
            parameters: parameters.all + [
                .timestamp(days.from), .timestamp(days.to), .text(grain.rawValue),
            ])
        return rows.map { row in
            OHLCV(
                name: TokenName(row), time: row.timestamp(2), open: row.double(3), high: row.double(4),
                low: row.double(5), close: row.double(6), volume: row.double(7))
        }
    }

    func write(_ grain: Grain, to w: inout JSONWriter) {
        w.names(of: name)
        w.time(time, grain)
        w.field("OPEN", open)
        w.field("HIGH", high)
        w.field("LOW", low)
        w.field("CLOSE", close)
        w.field("VOLUME", volume)
    }
}

/// The two intervals that there are under `/v2`.
enum Grain: String, Sendable {
    case day = "1d"
    case hour = "1h"
}

extension JSONWriter {
    /// When a candle opened: a day, or a moment.
    mutating func time(_ time: Timestamp, _ grain: Grain) {
        switch grain {
        case .day: field("DATE", String(time.description.prefix(10)))
        case .hour: field("TIMESTAMP", time.description)
        }
    }
}
