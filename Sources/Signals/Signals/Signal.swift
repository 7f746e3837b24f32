package import Kernel

/// A decision made at the close of one candle and executable at the open of the next. What was decided never
/// changes; fills, its end and its returns come to it. In a series, `model`, `direction` and
/// `decisionCandle` identify it.
package struct Signal: Equatable, Sendable {
    package enum Direction: String, CaseIterable, Sendable {
        case bullish
        /// A warning: a low grade does not predict falls.
        case bearish
    }

    package enum State: String, CaseIterable, Sendable {
        case open, closed, stale
    }

    /// One price that was there to trade at.
    package struct Fill: Equatable, Sendable {
        package var price: Double
        package var at: Timestamp
    }

    /// How an open signal ended.
    package struct End: Equatable, Sendable {
        /// Open time of the candle that ended it; for stale ones of the last candle before the data stopped.
        package var candle: Timestamp
        package var at: Timestamp
        package var close: Double
        package var reason: String
    }

    package let model: GradeModel
    package let direction: Direction
    package internal(set) var state = State.open
    /// Open time of the candle at whose close it was decided.
    package let decisionCandle: Timestamp
    package let decidedAt: Timestamp
    package let decisionClose: Double
    package let grade: Double
    package let dataQuality: Double
    package let missingLast100: Int
    package let reason: String
    package let gate: GateReading
    /// The five conditions of a bearish warning as they stood; empty for a bullish signal.
    package let conditions: [BearishCondition]
    package let atr14: Double?
    /// Ranges of ATR14 under the entry at which the stop lies; nil where none does.
    let stopRanges: Double?
    /// The nearest support under the decision's close; nil where there is none, and of a warning.
    package let support: Double?
    package let confidence: Confidence
    package let divergence: Divergence
    let costPerSide: Double

    /// At the open of the candle after the decision; nil until it exists.
    package internal(set) var fill: Fill?
    package internal(set) var end: End?
    /// At the open of the candle after the end.
    package internal(set) var exitFill: Fill?
    var track: HoldingTrack?

    /// Entry (the fill, or the decision's close until there is one) less the ranges; nil without an ATR.
    package var stopLevel: Double? {
        guard let atr14, let stopRanges else { return nil }
        return (fill?.price ?? decisionClose) - stopRanges * atr14
    }

    /// What holding it brought; nil until it is filled, and for a warning.
    package var roi: ROI? {
        guard direction == .bullish, let track else { return nil }
        return ROI(track: track, exit: exitFill)
    }
}

/// What happened to a signal at one candle.
package enum SignalChange: Equatable, Sendable {
    case opened(Signal)
    case filled(Signal)
    case closed(Signal)
    case exitFilled(Signal)
    case stale(Signal)

    package var signal: Signal {
        switch self {
        case .opened(let signal), .filled(let signal), .closed(let signal), .exitFilled(let signal),
            .stale(let signal):
            signal
        }
    }
}
