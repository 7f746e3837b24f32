/// The highest high and the lowest low of the last `period` bars, this one included. First value at index
/// `period - 1`.
package struct PriceExtremes: Indicator {
    package struct Value: Equatable, Sendable {
        package var highest: Double
        package var lowest: Double
    }

    private var highs: SlidingExtreme
    private var lows: SlidingExtreme

    package init(_ period: Int = 20) {
        highs = SlidingExtreme(period, .highest)
        lows = SlidingExtreme(period, .lowest)
    }

    @inline(__always)
    package mutating func update(_ bar: Bar) -> Value? {
        highs.push(bar.high)
        lows.push(bar.low)
        return current
    }

    /// Of the last `period` bars.
    @inline(__always)
    var current: Value? { highs.isFull ? Value(highest: highs.value, lowest: lows.value) : nil }

    package mutating func update(_ bar: Bar, onto row: inout [Double?]) {
        let value = update(bar)
        row += [value?.highest, value?.lowest]
    }

    package mutating func walk(_ state: inout StateWalk) {
        highs.walk(&state)
        lows.walk(&state)
    }
}
