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

    /// The mean of high, low and close.
    var typical: Double { (high + low + close) / 3 }

    /// The true range: what it spans together with the close before it. Written so that it is two
    /// instructions without a branch.
    @inline(__always)
    func range(after close: Double) -> Double {
        (high > close ? high : close) - (low < close ? low : close)
    }

    /// One number that is not finite would stay in every average for ever.
    package func checkFinite() throws(IndicatorMistake) {
        for (name, value) in [("high", high), ("low", low), ("close", close), ("volume", volume)] {
            guard value.isFinite else { throw .notFinite(name) }
        }
    }
}
