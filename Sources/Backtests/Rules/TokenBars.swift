package import Kernel
package import Signals

/// The closed candles of one token, as a backtest takes them.
package struct TokenBars: Sendable {
    package let symbol: String
    package let interval: Interval
    package let candles: [Candle]
    /// The open time of the last candle that is used, where the series goes on after a gap.
    package let cutAt: Timestamp?
    /// Candles that are missing between the first and the last one that are used.
    package let missing: Int

    /// - Parameter cutsAtGap: ends at the last candle before the first gap: what trades after it may be
    ///   another coin under the same ticker.
    package init(_ symbol: String, _ interval: Interval, _ candles: [Candle], cutsAtGap: Bool = true) {
        self.symbol = symbol
        self.interval = interval
        let closed = candles.filter(\.closed)
        let end = cutsAtGap ? Self.lastBeforeGap(closed, interval) : nil
        let used = end.map { Array(closed[...$0]) } ?? closed
        self.candles = used
        cutAt = end.map { closed[$0].openTime }
        if let first = used.first, let last = used.last {
            missing = interval.steps(from: first.openTime, to: last.openTime) + 1 - used.count
        } else {
            missing = 0
        }
    }

    private static func lastBeforeGap(_ candles: [Candle], _ interval: Interval) -> Int? {
        candles.indices.dropLast().first { place in
            interval.steps(from: candles[place].openTime, to: candles[place + 1].openTime) > 1
        }
    }

    package var track: PriceTrack {
        PriceTrack(times: candles.map(\.openTime), opens: candles.map(\.open))
    }

    /// What the rule decides at each close.
    package func decide(_ rule: TradingRule, _ gate: MarketGate) throws -> [Decision] {
        var stream = RuleStream(rule, interval)
        return try candles.map { candle in
            try stream.update(RuleBar(candle, gate.reading(at: candle.openTime)))
        }
    }
}
