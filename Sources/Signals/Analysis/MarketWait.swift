import Kernel

/// A decision at a candle's close hangs on the market's candle of the same close. Where that one is on its
/// way, the decision waits for it: told on the one before, it might have to be taken back.
struct MarketWait: Equatable {
    /// From the candle's arrival on.
    static let longest: Period = .seconds(30)
    /// A market that is further behind than so many candles has stopped: nobody waits for it, and its gate is
    /// unknown.
    static let mostBehind = 3

    /// Nil where there is nothing to wait for: the market's candle is there, there is no market, it has
    /// stopped, or the candle closed long ago.
    init?(for candle: Timestamp, _ interval: Interval, market newest: Timestamp?, now: Timestamp) {
        guard let newest, newest < candle, interval.steps(from: newest, to: candle) <= Self.mostBehind,
            now - interval.close(of: candle) <= ClosedCandle.momentsAgo
        else { return nil }
    }

    /// When the wait of a candle that came at a time is over; nil: it is.
    func end(arrived: Timestamp, now: Timestamp) -> Timestamp? {
        let end = arrived + Self.longest
        return now < end ? end : nil
    }
}
