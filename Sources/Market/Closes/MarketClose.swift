import Kernel
import Signals

/// Which close of a market is settled. Candles of one moment arrive one after another: what is made of the
/// first of them alone would be wrong, and put right in the past, where nobody is told of it. So a close is
/// measured once nobody's candle is awaited, or none came for a while. What comes after that is a correction.
struct MarketClose: Equatable, Sendable {
    /// What is there of a market's closed candles.
    struct Sight: Equatable, Sendable {
        /// Open time of the newest.
        let newest: Timestamp
        /// Other closed candles are another text.
        let seen: String
        /// Series without the newest candle that had the one before, or the one that was settled last.
        let awaited: Int
    }

    let interval: Interval
    private(set) var newest: Timestamp
    private(set) var seen: String
    /// Since when the closed candles are those that were seen.
    private(set) var seenAt: Timestamp
    /// Since when candles are awaited; nil: all is settled.
    private(set) var beganAt: Timestamp?
    /// Open time of the candle that was settled last.
    private(set) var settled: Timestamp?
    private(set) var settledAt: Timestamp?
    /// How often something was settled.
    private(set) var turn: Int64 = 0

    init(_ sight: Sight, _ interval: Interval, at now: Timestamp) {
        self.interval = interval
        (newest, seen, seenAt, beganAt) = (sight.newest, sight.seen, now, now)
    }

    init(
        interval: Interval, newest: Timestamp, seen: String, seenAt: Timestamp, beganAt: Timestamp?,
        settled: Timestamp?, settledAt: Timestamp?, turn: Int64
    ) {
        (self.interval, self.newest, self.seen, self.seenAt) = (interval, newest, seen, seenAt)
        (self.beganAt, self.settled, self.settledAt, self.turn) = (beganAt, settled, settledAt, turn)
    }

    /// Looks at a market again.
    mutating func look(_ sight: Sight, at now: Timestamp) {
        if sight.seen != seen {
            (newest, seen, seenAt) = (sight.newest, sight.seen, now)
            beganAt = beganAt ?? now
        }
        guard let beganAt else { return }
        let isCorrection = settled.map { $0 >= newest } ?? false
        let isPatient = now - seenAt < interval.patience && now - beganAt < interval.patience * 5.0
        if sight.awaited > 0 && !isCorrection && isPatient { return }
        (settled, settledAt, self.beganAt) = (newest, now, nil)
        turn += 1
    }
}

extension Interval {
    /// So long after the newest arrival no more is awaited: shorter than the interval, or a token that
    /// stopped would hold up every close.
    var patience: Period { min(.seconds(60), period * 0.5) }
}
