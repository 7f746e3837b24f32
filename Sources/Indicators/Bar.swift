/// What an indicator reads of one closed candle.
package struct Bar: Equatable, Sendable {
    package var high: Double
    package var low: Double
    package var close: Double
    package var volume: Double

    package init(high: Double, low: Double, close: Double, volume: Double) {
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
    }
}
