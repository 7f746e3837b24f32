import Indicators
import Testing

struct IndicatorTests {
    @Test func `a price that never moved has no RSI, no direction and no stochastic`() {
        var standard = StandardIndicators()
        var last: StandardIndicators.Values?
        for _ in 0..<300 { last = standard.update(Bar(high: 5, low: 5, close: 5, volume: 0)) }
        #expect(last?.rsi14 == nil)
        #expect(last?.directional14.plusDI == nil && last?.directional14.adx == nil)
        #expect(last?.stochastic == nil)
        #expect(last?.atr14 == 0)
        #expect(last?.macd?.histogram == 0)
    }

    @Test(arguments: [0.1, 1e-9, 63_817.37])
    func `averages of one price are that price, to the bit, and its deviation is nothing`(price: Double)
        throws
    {
        let names = ["sma49", "sma300", "bb_upper20_2", "bb_lower300_2"].compactMap {
            try? IndicatorName($0)
        }
        let still = ["stddev20", "stddev300", "linreg_slope20", "linreg_slope300", "mom10", "macd", "atr14"]
            .compactMap { try? IndicatorName($0) }
        var (averages, rest) = (IndicatorSet(names), IndicatorSet(still))
        let bar = Bar(high: price, low: price, close: price, volume: 1)
        // What was there before must not be left over in any sum.
        for before in BarWalk(seed: 20).prefix(100) {
            _ = (try averages.update(before), try rest.update(before))
        }
        var last: ([Double?], [Double?]) = ([], [])
        for _ in 0..<2_000 { last = (try averages.update(bar), try rest.update(bar)) }
        for (name, value) in zip(names, last.0) {
            #expect(value == price, "\(name.text)")
        }
        for (name, value) in zip(still, last.1) {
            #expect(abs(value ?? 1) <= price * 1e-14, "\(name.text)")
        }
    }

    @Test func `ADX counts only bars that had a direction`() {
        var movement = DirectionalMovement()
        for _ in 0..<100 { #expect(movement.update(Bar(high: 5, low: 4, close: 5, volume: 1)).adx == nil) }
        var values = (1...14).map { step in
            movement.update(Bar(high: 5 + Double(step), low: 4, close: 5, volume: 1)).adx
        }
        #expect(abs((values.removeLast() ?? 0) - 100) < 1e-12)
        #expect(values.allSatisfy { $0 == nil })
    }

    @Test func `rank averages ties as pandas does`() {
        var rank = PercentileRank(5, minimum: 3)
        #expect(
            [1.0, 2, 2, 1, 2, 3, 0].map { rank.update($0) } == [nil, nil, 2.5 / 3, 1.5 / 4, 0.8, 1, 0.2])
    }

    @Test func `windows are equal by what they hold, not by where their rings begin`() {
        var (early, late) = (Window(3), Window(3))
        for value in [9.0, 1, 2, 3] { early.push(value) }
        for value in [1.0, 2, 3] { late.push(value) }
        #expect(early == late)
        #expect(early.sum == late.sum)
        late.push(4)
        #expect(early != late)
        #expect(late.ago(0) == 4)
        #expect(late.sum(last: 2) == 7)
        #expect(late[0] == 2)
    }

    @Test(arguments: [50, 500])
    func `a moving average does not drift, however long it runs`(period: Int) {
        var (average, window) = (SMA(period), Window(period))
        for bar in BarWalk(seed: 7).prefix(20_000) {
            // Trades of very different sizes, as volumes are.
            let value = bar.volume > 990 ? bar.close * 1e12 : bar.close
            window.push(value)
            guard let mean = average.update(value) else { continue }
            #expect(abs(mean - window.sum / Double(period)) <= 1e-12 * mean)
        }
    }

    @Test(arguments: [1, 2, 3, 14, 100])
    func `extremes and their age are those of a search`(period: Int) throws {
        var (extremes, aroon, bars) = (PriceExtremes(period), Aroon(max(period, 2)), [Bar]())
        for bar in BarWalk(seed: 17).prefix(700) {
            // Whole numbers, so that many are equal.
            let bar = Bar(high: bar.high.rounded(), low: bar.low.rounded(), close: bar.close, volume: 1)
            bars.append(bar)
            let last = bars.suffix(period)
            let isFull = bars.count >= period
            #expect(extremes.update(bar)?.highest == (isFull ? last.map(\.high).max() : nil))
            let found = aroon.update(bar)
            let reach = Array(bars.suffix(max(period, 2) + 1))
            guard let found, let lowest = reach.map(\.low).min() else { continue }
            let age = reach.count - 1 - (reach.lastIndex { $0.low == lowest } ?? 0)
            #expect(found.down == 100 * Double(max(period, 2) - age) / Double(max(period, 2)))
        }
    }

    @Test func `extremes are equal by what they can still answer`() {
        var (a, b) = (PriceExtremes(4), PriceExtremes(4))
        _ = b.update(Bar(high: 99, low: 1, close: 5, volume: 1))
        for bar in BarWalk(seed: 18).prefix(4) {
            _ = (a.update(bar), b.update(bar))
        }
        #expect(a == b)
        _ = b.update(Bar(high: 500, low: 400, close: 450, volume: 1))
        #expect(a != b)
    }

    @Test func `a large price with small moves keeps the digits of its deviation`() throws {
        for period in [20, 200] {
            var (deviation, slope) = (StandardDeviation(period), LinearRegressionSlope(period))
            var last: (Double?, Double?) = (nil, nil)
            for step in 0..<3_000 {
                // Powers of two: every price is exact.
                let close = 1e8 + Double(step) / 1_024
                last = (deviation.update(close), slope.update(close))
            }
            let length = Double(period)
            let expected = ((length * length - 1) / 12).squareRoot() / 1_024
            #expect(abs((last.0 ?? 0) - expected) <= 1e-9 * expected)
            #expect(abs((last.1 ?? 0) * 1_024 - 1) <= 1e-9)
        }
    }
}
