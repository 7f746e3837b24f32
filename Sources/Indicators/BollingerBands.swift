/// Bollinger bands: the mean of the last `period` closes, and `width` population standard deviations on
/// either side. First value at index `period - 1`.
package struct BollingerBands: Equatable, Sendable {
    package struct Value: Equatable, Sendable {
        package var upper: Double
        package var middle: Double
        package var lower: Double
    }

    private var closes: RollingSum
    private let width: Double

    package init(_ period: Int = 20, width: Double = 2) {
        closes = RollingSum(period)
        self.width = width
    }

    @inline(__always)
    package mutating func update(_ close: Double) -> Value? {
        closes.push(close)
        guard closes.isFull else { return nil }
        let (mean, deviation) = closes.moments
        let reach = width * deviation
        return Value(upper: mean + reach, middle: mean, lower: mean - reach)
    }
}

extension BollingerBands: Indicator {
    package mutating func update(_ bar: Bar, onto row: inout [Double?]) {
        let value = update(bar.close)
        row += [value?.upper, value?.middle, value?.lower]
    }

    package mutating func walk(_ state: inout StateWalk) { closes.walk(&state) }
}
