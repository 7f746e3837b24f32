package import Kernel

/// Candles that a series should have between its first and its last, and has not. Never filled up.
package struct Gap: Equatable, Sendable {
    /// Open times of the first and the last missing candle.
    package var first: Timestamp
    package var last: Timestamp
    package var count: Int
}

package enum Gaps {
    /// The gaps of a series, oldest first. `openTimes` ascend and are unique.
    package static func list(_ openTimes: some Sequence<Timestamp>, _ interval: Interval) -> [Gap] {
        var gaps: [Gap] = []
        var previous: Timestamp?
        for time in openTimes {
            if let previous, let gap = between(previous, time, interval) { gaps.append(gap) }
            previous = time
        }
        return gaps
    }

    /// What is missing between two neighbours.
    package static func between(_ earlier: Timestamp, _ later: Timestamp, _ interval: Interval) -> Gap? {
        let missing = interval.steps(from: earlier, to: later) - 1
        guard missing > 0 else { return nil }
        return Gap(first: earlier + interval.period, last: later - interval.period, count: missing)
    }
}
