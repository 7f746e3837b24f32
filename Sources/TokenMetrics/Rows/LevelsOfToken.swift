import JSON
import Kernel
import Postgres
import Signals

/// Support and resistance of a token as they stand at the close of its newest day, the lowest first.
struct LevelsOfToken: Sendable {
    struct Price: Sendable {
        var value: Double
        /// When the market turned there last.
        var day: Timestamp
    }

    var name: TokenName
    /// Nil before there are enough days.
    var prices: [Price]?

    /// Each token's days are read, so an answer has no more of them.
    static let mostTokens = 50

    /// As far back as `/v1/levels` reads.
    private static let candles = Statement(
        "tm_levels",
        """
        select open_time, open, high, low, close, volume from candle where series = $1 and closed
        order by open_time desc limit 1000
        """)

    nonisolated(nonsending) static func list(
        _ ask: Ask, in database: Database
    ) async throws -> [LevelsOfToken] {
        var found: [LevelsOfToken] = []
        for (name, series) in try await CloseHistory.series(ask, in: database) {
            let rows = try await database.query(candles, .int(series))
            let candles = rows.reversed().map { row in
                Candle(
                    openTime: row.timestamp(0), open: row.double(1), high: row.double(2), low: row.double(3),
                    close: row.double(4), volume: row.double(5))
            }
            found.append(LevelsOfToken(name, candles))
        }
        return found
    }

    init(_ name: TokenName, _ candles: [Candle]) {
        var stream = LevelStream()
        for candle in candles { stream.update(candle) }
        self.name = name
        prices = stream.levels?.all.map { level in
            Price(value: level.price, day: candles[candles.count - 1 - level.newestAge].openTime)
        }
    }

    func write(to w: inout JSONWriter) {
        w.names(of: name)
        guard let prices else { return w.null("HISTORICAL_RESISTANCE_SUPPORT_LEVELS") }
        w.array("HISTORICAL_RESISTANCE_SUPPORT_LEVELS", prices) { w, price in
            w.object { w in
                w.field("date", String(price.day.description.prefix(10)))
                w.field("level", price.value)
            }
        }
    }
}
