package import Kernel

/// What is told of a candle that closed long ago is no news, as while history is loaded: rules pass over it.
extension Interval {
    /// How long a moment is news. A token that is two candles behind has stopped; minutes may take somewhat
    /// longer on their way.
    private var news: Period { max(period * 2.0, .minutes(15)) }

    /// Whether the candle that opened then closed too long ago.
    package func isLongAgo(_ openTime: Timestamp, at now: Timestamp) -> Bool {
        isPast(close(of: openTime), at: now)
    }

    /// Whether what happened at a moment is news no more.
    package func isPast(_ moment: Timestamp, at now: Timestamp) -> Bool { now - moment > news }
}
