package import Kernel

/// Returns since a signal's fill, as parts of the entry (0.12 is 12 %). Every figure names its price.
package struct ROI: Equatable, Sendable {
    package enum PriceBasis: String, Sendable {
        /// The newest close while held.
        case close
        /// The open at which the position was left.
        case exitOpen = "exit_open"
    }

    package var entry: Double
    /// The newest close while held, over the entry.
    package var close: Double
    /// What is left after costs on both sides, at `price`.
    package var net: Double
    package var price: Double
    package var basis: PriceBasis
    /// The highest high while held, over the entry, and its candle's open time.
    package var peakHigh: Double
    package var peakAt: Timestamp
    /// The worst fall of a close from the highest close before it (the entry counts as one); 0 or below.
    package var maxDrawdown: Double
    /// Bought at the entry and valued at `price`, without costs.
    package var buyAndHold: Double
    /// The close of the newest candle in it, or the exit.
    package var asOf: Timestamp

    init(entry: Double, track: HoldingTrack, exit: Signal.Fill?, costPerSide: Double) {
        self.entry = entry
        price = exit?.price ?? track.close
        basis = exit == nil ? .close : .exitOpen
        close = track.close / entry - 1
        net = price / entry * (1 - costPerSide) * (1 - costPerSide) - 1
        peakHigh = track.peakHigh / entry - 1
        peakAt = track.peakAt
        maxDrawdown = track.maxDrawdown
        buyAndHold = price / entry - 1
        asOf = exit?.at ?? track.asOf
    }
}

/// The path of the price while a signal is held, one update a candle.
struct HoldingTrack: Equatable, Sendable {
    private(set) var close: Double
    private(set) var asOf: Timestamp
    private(set) var peakHigh: Double
    private(set) var peakAt: Timestamp
    private(set) var maxDrawdown = 0.0
    private var peakClose: Double

    init(entry: Signal.Fill) {
        close = entry.price
        asOf = entry.at
        peakHigh = entry.price
        peakAt = entry.at
        peakClose = entry.price
    }

    mutating func update(_ candle: Candle, _ interval: Interval) {
        close = candle.close
        asOf = interval.close(of: candle.openTime)
        if candle.high > peakHigh { (peakHigh, peakAt) = (candle.high, candle.openTime) }
        peakClose = max(peakClose, candle.close)
        maxDrawdown = min(maxDrawdown, candle.close / peakClose - 1)
    }
}
