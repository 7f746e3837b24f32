import Indicators
import Testing

struct StreamingTests {
    @Test(arguments: [1, 2, 3])
    func `a restart from any snapshot continues bit by bit`(seed: UInt64) {
        let bars = Array(BarWalk(seed: seed).prefix(400))
        var continuous = StandardIndicators()
        var snapshots: [StandardIndicators] = []
        var values: [StandardIndicators.Values] = []
        for bar in bars {
            snapshots.append(continuous)
            values.append(continuous.update(bar))
        }
        for start in stride(from: 0, to: bars.count, by: 37) {
            var restarted = snapshots[start]
            for index in start..<bars.count { #expect(restarted.update(bars[index]) == values[index]) }
            #expect(restarted == continuous)
        }
    }

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

    @Test func `ADX counts only bars that had a direction`() {
        var movement = DirectionalMovement()
        for _ in 0..<100 { #expect(movement.update(Bar(high: 5, low: 4, close: 5, volume: 1)).adx == nil) }
        var values = (1...14).map { step in
            movement.update(Bar(high: 5 + Double(step), low: 4, close: 5, volume: 1)).adx
        }
        #expect(values.removeLast() == 100)
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

    @Test func `a long moving average does not drift`() {
        var average = SMA(50)
        var window = Window(50)
        for bar in BarWalk(seed: 7).prefix(20_000) {
            let close = bar.close * 1e6
            window.push(close)
            guard let value = average.update(close) else { continue }
            #expect(abs(value - window.sum / 50) <= 1e-12 * value)
        }
    }

    @Test func `the catalogue's look-back is where the first value stands`() {
        var (standard, sma20, first) = (StandardIndicators(), SMA(20), [String: Int]())
        for (index, bar) in BarWalk(seed: 11).prefix(250).enumerated() {
            let values = standard.update(bar)
            let present: [(String, Bool)] = [
                ("ema50", values.ema50 != nil), ("ema200", values.ema200 != nil),
                ("rsi14", values.rsi14 != nil),
                ("macd_12_26_9", values.macd != nil), ("bollinger_20_2", values.bollinger20 != nil),
                ("atr14", values.atr14 != nil), ("di14", values.directional14.plusDI != nil),
                ("adx14", values.directional14.adx != nil), ("obv", true),
                ("stochastic_14_3_3", values.stochastic != nil), ("sma20", sma20.update(bar.close) != nil),
            ]
            for (name, isPresent) in present where isPresent && first[name] == nil { first[name] = index }
        }
        for (name, index) in first {
            let described = IndicatorDescription.catalog.first { $0.name == name }
            #expect(described?.lookBack == index + 1, "\(name)")
        }
    }
}
