package import Indicators
package import Kernel

/// One interval of trading. Prices are in the quote currency, above zero; only closed candles count for
/// grades.
package struct Candle: Equatable, Sendable {
    package var openTime: Timestamp
    package var open: Double
    package var high: Double
    package var low: Double
    package var close: Double
    package var volume: Double
    package var closed: Bool

    package init(
        openTime: Timestamp, open: Double, high: Double, low: Double, close: Double, volume: Double,
        closed: Bool = true
    ) {
        self.openTime = openTime
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.closed = closed
    }

    package var bar: Bar { Bar(high: high, low: low, close: close, volume: volume) }
}

extension Candle {
    /// After the end of an interval, the time in which a row that does not say that it is closed may have
    /// been read before the last trades were counted.
    package static let settling: Period = .seconds(2)

    /// The least price of a token in another is that of the cheapest, 1e-10 of a bitcoin. Within these bounds
    /// prices over prices, quote volumes, their squares and sums over any number of candles are far from
    /// where a double ends, so that one row never spoils what is read of all.
    package static let prices = 1e-15...1e15
    /// Besides none at all. The cheapest tokens trade 1e14 pieces a day.
    package static let volumes = 1e-30...1e30
    /// Nothing was traded before the first bitcoin. What is earlier is mostly a number of seconds.
    package static let earliest = Timestamp(seconds: 1_230_940_800)

    /// The candle that a row claims, or why it is refused. A row that does not say whether it is closed is
    /// closed when its interval has been over for a while.
    package static func validate(_ row: CandleRow, now: Timestamp) throws(RowRefusal) -> Candle {
        try checkPrices(row)
        guard row.openTime >= earliest else { throw .tooEarly(row.openTime) }
        guard row.interval.isAligned(row.openTime) else { throw .misaligned(row.openTime, row.interval) }
        guard row.openTime <= now else { throw .inTheFuture(row.openTime) }
        let end = row.interval.close(of: row.openTime)
        guard end <= now || row.closed != true else { throw .notClosed(end) }
        return Candle(
            openTime: row.openTime, open: row.open, high: row.high, low: row.low, close: row.close,
            // Nothing traded is 0, also where it came as -0.
            volume: row.volume == 0 ? 0 : row.volume, closed: row.closed ?? (end + settling <= now))
    }

    private static func checkPrices(_ row: CandleRow) throws(RowRefusal) {
        let values = row.open + row.high + row.low + row.close + row.volume
        if !values.isFinite, let field = fields(row).first(where: { !$0.1.isFinite })?.0 {
            throw .nonFinite(field)
        }
        guard row.low > 0, row.open > 0, row.close > 0, row.high > 0 else { throw .notPositivePrice }
        guard row.high >= max(row.open, row.close) else { throw .highBelowOpenOrClose(row.high) }
        guard row.low <= min(row.open, row.close) else { throw .lowAboveOpenOrClose(row.low) }
        guard row.volume >= 0 else { throw .negativeVolume(row.volume) }
        guard row.low >= prices.lowerBound, row.high <= prices.upperBound else {
            let prices = fields(row).dropLast()
            let (field, value) = prices.first { !Self.prices.contains($0.1) } ?? (.high, row.high)
            throw .outOfRange(field, value)
        }
        guard row.volume == 0 || volumes.contains(row.volume) else { throw .outOfRange(.volume, row.volume) }
    }

    private static func fields(_ row: CandleRow) -> [(CandleField, Double)] {
        [
            (.open, row.open), (.high, row.high), (.low, row.low), (.close, row.close), (.volume, row.volume),
        ]
    }
}
