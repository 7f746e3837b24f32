/// Slow stochastic oscillator 14, 3, 3: where the close stands between the extremes of the last `period`
/// bars, twice smoothed by simple means. Both lines are masked until %D exists, at index `period + slowK +
/// slowD - 3` (17). Undefined while a bar inside the smoothing had no range to stand in.
package struct Stochastic: Equatable, Sendable {
    package struct Value: Equatable, Sendable {
        package var k: Double
        package var d: Double
    }

    private let undefined: Undefined
    private var extremes: PriceExtremes
    private var fast: SMA
    private var slow: SMA

    package init(_ period: Int = 14, slowK: Int = 3, slowD: Int = 3, undefined: Undefined = .null) {
        self.undefined = undefined
        extremes = PriceExtremes(period)
        fast = SMA(slowK)
        slow = SMA(slowD)
    }

    @inline(__always)
    package mutating func update(_ bar: Bar) -> Value? {
        guard let extremes = extremes.update(bar) else { return nil }
        let range = extremes.highest - extremes.lowest
        let position = range > 0 ? 100 * (bar.close - extremes.lowest) / range : undefined.value
        let k = fast.update(position)
        guard let d = slow.update(k), let k else { return nil }
        return Value(k: k, d: d)
    }
}

extension Stochastic: Indicator {
    package mutating func update(_ bar: Bar, onto row: inout [Double?]) {
        let value = update(bar)
        row += [value?.k, value?.d]
    }

    package mutating func walk(_ state: inout StateWalk) {
        extremes.walk(&state)
        fast.walk(&state)
        slow.walk(&state)
    }
}
