import Indicators
import JSON
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
    /// The worst fall of what would be left after costs on both sides from the most that it was before, where
    /// what was paid counts as the first; by highs and lows, and by the exit. Never above `net`, nor above 0.
    package var maxDrawdown: Double
    /// Bought at the entry and valued at `price`, without costs.
    package var buyAndHold: Double
    /// The close of the newest candle in it, or the exit.
    package var asOf: Timestamp

    init(track: HoldingTrack, exit: Signal.Fill?) {
        entry = track.entry
        price = exit?.price ?? track.close
        basis = exit == nil ? .close : .exitOpen
        close = track.close / entry - 1
        net = track.value(at: price) - 1
        peakHigh = track.peakHigh / entry - 1
        peakAt = track.peakAt
        maxDrawdown = min(track.maxDrawdown, track.drawdown(at: price))
        buyAndHold = price / entry - 1
        asOf = exit?.at ?? track.asOf
    }
}

extension ROI {
    /// As members of an object. Of one token that was held, what it brought before costs and what buying and
    /// holding it brought are one number.
    func write(_ interval: Interval, costPerSide: Double, to w: inout JSONWriter) {
        w.field("close", buyAndHold)
        w.field("net", net)
        w.field("peak_high", peakHigh)
        w.field("peak_at", peakAt.description)
        w.field("max_drawdown", maxDrawdown)
        w.field("buy_and_hold", buyAndHold)
        // The figures of a candle are known at its end; the contract names candles by their open time.
        w.field("as_of", (basis == .close ? asOf - interval.period : asOf).description)
        w.field("price", price)
        w.field("price_basis", basis.rawValue)
        w.field("cost_bps_a_side", costPerSide * 10_000)
    }
}

/// The path of the price while a signal is held, one update a candle.
struct HoldingTrack: Equatable, Sendable {
    private(set) var entry: Double
    private var costPerSide: Double
    private(set) var close: Double
    private(set) var asOf: Timestamp
    private(set) var peakHigh: Double
    private(set) var peakAt: Timestamp
    private(set) var maxDrawdown = 0.0
    /// The most that one unit of money was worth so far.
    private var peakValue = 1.0

    init(entry: Signal.Fill, costPerSide: Double) {
        (self.entry, self.costPerSide) = (entry.price, costPerSide)
        close = entry.price
        asOf = entry.at
        peakHigh = entry.price
        peakAt = entry.at
    }

    mutating func update(_ candle: Candle, _ interval: Interval) {
        close = candle.close
        asOf = interval.close(of: candle.openTime)
        if candle.high > peakHigh { (peakHigh, peakAt) = (candle.high, candle.openTime) }
        // Whether a candle's high or its low came first is not known: the low falls from what was before it,
        // the open among it, and the close from the high, too.
        see(candle.open)
        see(candle.low)
        see(candle.high)
        see(candle.close)
    }

    /// What is left of one unit of money that bought at the entry, when sold at `price`.
    func value(at price: Double) -> Double { price / entry * (1 - costPerSide) * (1 - costPerSide) }

    /// How far `price` is under the best one before it.
    func drawdown(at price: Double) -> Double { min(value(at: price) / peakValue - 1, 0) }

    private mutating func see(_ price: Double) {
        maxDrawdown = min(maxDrawdown, drawdown(at: price))
        peakValue = max(peakValue, value(at: price))
    }
}

extension HoldingTrack {
    mutating func walk(_ state: inout StateWalk) {
        state.pass(&entry)
        state.pass(&costPerSide)
        state.pass(&close)
        state.pass(&asOf)
        state.pass(&peakHigh)
        state.pass(&peakAt)
        state.pass(&maxDrawdown)
        state.pass(&peakValue)
    }
}
