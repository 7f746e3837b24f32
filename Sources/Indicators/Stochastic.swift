/// Slow stochastic oscillator 14, 3, 3: where the close stands between the extremes of the last `period`
/// bars, twice smoothed by simple means. Both lines are masked until %D exists, at index `period + slowK +
/// slowD - 3` (17). Undefined while a bar inside the smoothing had no range to stand in.
package struct Stochastic: Equatable, Sendable {
    package struct Value: Equatable, Sendable {
        package var k: Double
        package var d: Double
    }

    /// The bars, the positions and the values of %K that a value is made of.
    let (period, slowK, slowD): (Int, Int, Int)
    private let undefined: Undefined
    private var extremes: PriceExtremes
    private var fast: SMA
    private var slow: SMA

    package init(_ period: Int = 14, slowK: Int = 3, slowD: Int = 3, undefined: Undefined = .null) {
        (self.period, self.slowK, self.slowD) = (period, slowK, slowD)
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

// MARK: Many bars at once

extension Stochastic {
    /// Bars before one whose values are part of its own.
    var reach: Int { period + slowK + slowD - 3 }

    /// The values of `count` bars, as the stream would answer; not a number stands for undefined. All three
    /// hold the numbers of these bars and of the `reach` before them, and are used up.
    @inline(__always)
    func slide(
        count: Int, highs: Stretch, negativeLows lows: Stretch, closes: Stretch,
        _ put: (Int, (k: Double, d: Double)) -> Void
    ) {
        let positions = count + slowK + slowD - 2
        highs.maximise(period, count: positions)
        lows.maximise(period, count: positions)
        let (values, unknown) = (closes.from(period - 1), undefined.value ?? .nan)
        for index in 0..<positions {
            let (lowest, close) = (-lows[index], values[index])
            let range = highs[index] - lowest
            highs.start[index] = range > 0 ? 100 * (close - lowest) / range : unknown
        }
        highs.average(slowK, count: count + slowD - 1)
        // The lows are used up.
        lows.start.update(from: highs.start + (slowD - 1), count: count)
        highs.average(slowD, count: count)
        for index in 0..<count {
            let d = highs[index]
            put(index, (d.isNaN ? .nan : lows[index], d))
        }
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
