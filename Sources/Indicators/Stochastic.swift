/// Slow stochastic oscillator 14, 3, 3: where the close stands between the extremes of the last `period`
/// bars, twice smoothed by simple means. Both lines are masked until %D exists, at index `period + slowK +
/// slowD - 3` (17). Undefined while a bar inside the smoothing had no range to stand in.
package struct Stochastic: Equatable, Sendable {
    package struct Value: Equatable, Sendable {
        package var k: Double
        package var d: Double
    }

    private let undefined: Undefined
    private var highs: Window
    private var lows: Window
    private var fast: Window
    private var slow: Window

    package init(_ period: Int = 14, slowK: Int = 3, slowD: Int = 3, undefined: Undefined = .null) {
        self.undefined = undefined
        highs = Window(period)
        lows = Window(period)
        fast = Window(slowK)
        slow = Window(slowD)
    }

    package mutating func update(_ bar: Bar) -> Value? {
        highs.push(bar.high)
        lows.push(bar.low)
        guard highs.isFull else { return nil }
        fast.push(position(of: bar.close))
        guard fast.isFull else { return nil }
        let k = fast.sum / Double(fast.capacity)
        slow.push(k)
        guard slow.isFull else { return nil }
        let d = slow.sum / Double(slow.capacity)
        return d.isNaN ? nil : Value(k: k, d: d)
    }

    /// 0 to 100; not a number stands for undefined, and goes through the means like any value.
    private func position(of close: Double) -> Double {
        let lowest = lows.minimum
        let range = highs.maximum - lowest
        return range > 0 ? 100 * (close - lowest) / range : undefined.value ?? .nan
    }
}
