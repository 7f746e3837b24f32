/// The highest high and the lowest low of the `period` bars *before* the one that is asked about: a close can
/// be outside. First value at index `period`.
package struct DonchianChannel: Equatable, Sendable {
    package struct Value: Equatable, Sendable {
        package var highest: Double
        package var lowest: Double
    }

    private var highs: Window
    private var lows: Window

    package init(_ period: Int = 20) {
        highs = Window(period)
        lows = Window(period)
    }

    package mutating func update(_ bar: Bar) -> Value? {
        let value = highs.isFull ? Value(highest: highs.maximum, lowest: lows.minimum) : nil
        highs.push(bar.high)
        lows.push(bar.low)
        return value
    }
}
