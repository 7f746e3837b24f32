/// Bollinger bands: the mean of the last `period` closes, and `width` population standard deviations on
/// either side. First value at index `period - 1`.
package struct BollingerBands: Equatable, Sendable {
    package struct Value: Equatable, Sendable {
        package var upper: Double
        package var middle: Double
        package var lower: Double

        @inline(__always)
        fileprivate init(mean: Double, deviation: Double, width: Double) {
            let reach = width * deviation
            (upper, middle, lower) = (mean + reach, mean, mean - reach)
        }
    }

    let period: Int
    private var closes: RollingSum
    private let width: Double

    package init(_ period: Int = 20, width: Double = 2) {
        self.period = period
        closes = RollingSum(period)
        self.width = width
    }

    @inline(__always)
    package mutating func update(_ close: Double) -> Value? {
        closes.push(close)
        guard closes.isFull else { return nil }
        let (mean, deviation) = closes.moments
        return Value(mean: mean, deviation: deviation, width: width)
    }
}

// MARK: Many bars at once

extension BollingerBands {
    /// The bands of `count` bars, as the stream would answer. `parts` holds their closes and the `period - 1`
    /// before them, as `Moments.slide` wants it.
    @inline(__always)
    func slide(count: Int, parts: Moments, total: Moments, _ put: (Int, Value) -> Void) {
        precondition(period <= Moments.mostValues, "a long window is kept in sums")
        Moments.slide(period, count: count, parts: parts, total: total)
        let share = 1 / Double(period)
        for index in 0..<count {
            let deviation = (total.spreads[index] * share).squareRoot()
            put(index, Value(mean: total.means[index], deviation: deviation, width: width))
        }
    }
}

extension BollingerBands: Indicator {
    package mutating func update(_ bar: Bar, onto row: inout [Double?]) {
        let value = update(bar.close)
        row += [value?.upper, value?.middle, value?.lower]
    }

    package mutating func walk(_ state: inout StateWalk) { closes.walk(&state) }
}
