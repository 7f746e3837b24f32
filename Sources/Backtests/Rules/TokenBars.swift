package import Kernel
package import Signals

/// The closed candles of one token, as a backtest takes them.
package struct TokenBars: Sendable {
    package let symbol: String
    package let interval: Interval
    package let candles: [Candle]
    /// Nothing for so long, and what trades after it may be another coin under the same ticker: LUNA's new
    /// token came after 17 days. An exchange's outages and days that nobody uploaded are shorter.
    package static let longGap: Period = .days(7)

    /// Where the series goes on after a long gap and is not used any more: open times of the candles on
    /// either side.
    package struct Cut: Equatable, Sendable {
        package let last: Timestamp
        package let next: Timestamp
    }

    package let cut: Cut?
    /// Candles that are missing between the first and the last one that are used.
    package let missing: Int

    /// - Parameter cutsAtGap: ends at the last candle before the first long gap.
    package init(_ symbol: String, _ interval: Interval, _ candles: [Candle], cutsAtGap: Bool = true) {
        self.symbol = symbol
        self.interval = interval
        let closed = candles.filter(\.closed)
        let end = cutsAtGap ? Self.lastBeforeLongGap(closed, interval) : nil
        let used = end.map { Array(closed[...$0]) } ?? closed
        self.candles = used
        cut = end.map { Cut(last: closed[$0].openTime, next: closed[$0 + 1].openTime) }
        if let first = used.first, let last = used.last {
            missing = interval.steps(from: first.openTime, to: last.openTime) + 1 - used.count
        } else {
            missing = 0
        }
    }

    private static func lastBeforeLongGap(_ candles: [Candle], _ interval: Interval) -> Int? {
        candles.indices.dropLast().first { place in
            candles[place + 1].openTime - interval.close(of: candles[place].openTime) >= longGap
        }
    }

    package var track: PriceTrack {
        PriceTrack(times: candles.map(\.openTime), opens: candles.map(\.open))
    }

    /// What the rule decides at each close.
    package func decide(_ rule: TradingRule, _ gate: MarketGate) throws -> [Decision] {
        var stream = RuleStream(rule, interval)
        do {
            return try candles.map { candle in
                try stream.update(RuleBar(candle, gate.reading(at: candle.openTime)))
            }
        } catch let failure as RuleFailure {
            throw RuleFailure(message: "\(symbol): \(failure.message)")
        }
    }
}
