/// Aroon, 0 to 100: how recent the highest high and the lowest low of the last `period + 1` bars are; 100 is
/// now. Of equal extremes the newest counts. First value at index `period`.
package struct Aroon: Indicator {
    package struct Value: Equatable, Sendable {
        package var up: Double
        package var down: Double
    }

    private let period: Int
    private var highs: SlidingExtreme
    private var lows: SlidingExtreme

    package init(_ period: Int = 25) {
        self.period = period
        highs = SlidingExtreme(period + 1, .highest)
        lows = SlidingExtreme(period + 1, .lowest)
    }

    package mutating func update(_ bar: Bar) -> Value? {
        highs.push(bar.high)
        lows.push(bar.low)
        return highs.isFull ? Value(up: recency(highs.age), down: recency(lows.age)) : nil
    }

    private func recency(_ age: Int) -> Double { 100 * Double(period - age) / Double(period) }

    package mutating func update(_ bar: Bar, onto row: inout [Double?]) {
        let value = update(bar)
        row += [value?.up, value?.down]
    }

    package mutating func walk(_ state: inout StateWalk) {
        highs.walk(&state)
        lows.walk(&state)
    }
}
