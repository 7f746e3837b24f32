import Glibc

/// Bollinger bands: the mean of the last `period` closes, and `width` population standard deviations on
/// either side. First value at index `period - 1`.
package struct BollingerBands: Equatable, Sendable {
    package struct Value: Equatable, Sendable {
        package var upper: Double
        package var middle: Double
        package var lower: Double
    }

    private var window: Window
    private let width: Double

    package init(_ period: Int = 20, width: Double = 2) {
        window = Window(period)
        self.width = width
    }

    /// Two passes over the window: the shortcut by sums of squares loses its digits on large prices.
    package mutating func update(_ close: Double) -> Value? {
        window.push(close)
        guard window.isFull else { return nil }
        let length = Double(window.capacity)
        let mean = window.sum / length
        let squares = window.fold(0) { $0 + ($1 - mean) * ($1 - mean) }
        let reach = width * (squares / length).squareRoot()
        return Value(upper: mean + reach, middle: mean, lower: mean - reach)
    }
}
