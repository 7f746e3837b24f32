import Foundation
import Kernel
import Signals

@testable import Backtests

/// Tokens to run rules on.
enum Market {
    static let symbols = ["BNB", "BTC", "ETH", "SOL"]

    /// Of `Tests/Fixtures/candles`, 2019 to 2021.
    static func tokens() throws -> [TokenBars] {
        try symbols.map { TokenBars($0, .day, try candles($0)) }
    }

    static func candles(_ symbol: String) throws -> [Candle] {
        let (from, to) = (Timestamp(seconds: 1_546_300_800), Timestamp(seconds: 1_640_995_200))
        return try allCandles(symbol).filter { $0.openTime >= from && $0.openTime < to }
    }

    static func allCandles(_ symbol: String) throws -> [Candle] {
        let file = Fixture.folder.appending(path: "candles/\(symbol).csv")
        var reader = CandleReader(.csv, defaults: CandleDefaults(source: "yahoo"))
        var candles: [Candle] = []
        let take: CandleReader.Verdict = { _, row in
            let now = Timestamp(seconds: 1_700_000_000)
            if let row = try? row.get(), let candle = try? Candle.validate(row, now: now) {
                candles.append(candle)
            }
        }
        try reader.push([UInt8](Data(contentsOf: file)), take)
        try reader.finish(take)
        return candles
    }

    /// Days whose opens and closes are these; a close is the next open.
    static func bars(_ symbol: String = "AAA", closes: [Double], volumes: [Double]? = nil) -> TokenBars {
        TokenBars(symbol, .day, candles(closes: closes, volumes: volumes))
    }

    static func candles(closes: [Double], volumes: [Double]? = nil) -> [Candle] {
        closes.indices.map { day in
            let (open, close) = (day == 0 ? closes[0] : closes[day - 1], closes[day])
            return Candle(
                openTime: Timestamp(seconds: 1_577_836_800 + Int64(day) * 86_400), open: open,
                high: max(open, close), low: min(open, close), close: close,
                volume: volumes.map { $0[day] } ?? 1)
        }
    }

    /// A walk of prices that is the same everywhere.
    static func walk(_ count: Int, seed: UInt64, drift: Double = 0) -> [Double] {
        var generator = DrawGenerator(seed: seed)
        var price = 100.0
        return (0..<count).map { _ in
            price *= 1 + drift + (Double(generator.index(below: 2_001)) - 1_000) / 25_000
            return price
        }
    }
}
