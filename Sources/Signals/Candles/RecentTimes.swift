import Indicators
import Kernel

/// The open times of the last candles, as far back as any figure reaches.
struct RecentTimes: Equatable, Sendable {
    /// The volatility regime reaches furthest: 180 values of an ATR of 14.
    private static let reach = 194

    /// Seconds since 1970, which a double holds exactly.
    private var seconds = Window(reach)
    private var first: Timestamp?

    mutating func push(_ time: Timestamp) {
        if first == nil { first = time }
        seconds.push(Double(time.seconds))
    }

    /// The time `age` candles ago, or the oldest that is kept.
    func ago(_ age: Int) -> Timestamp {
        Timestamp(seconds: Int64(seconds.ago(min(age, seconds.count - 1))))
    }

    /// How many of the last `window` open times up to the newest have no candle. What lies before the series'
    /// beginning is not missing.
    func missing(last window: Int, _ interval: Interval) -> Int {
        guard let first else { return 0 }
        let newest = ago(0)
        let expected = min(window, interval.steps(from: first, to: newest) + 1)
        let oldest = Double(newest.seconds - Int64(expected - 1) * interval.seconds)
        var present = min(expected, seconds.count)
        while present > 0, seconds.ago(present - 1) < oldest { present -= 1 }
        return expected - present
    }
}

extension RecentTimes {
    mutating func walk(_ state: inout StateWalk) {
        seconds.walk(&state)
        state.pass(&first)
    }
}
