package import Kernel

/// How long a candle lasts. Days begin at 00:00 UTC, weeks on Monday 00:00 UTC (as exchanges draw them; the
/// Unix epoch itself was a Thursday).
package enum Interval: String, Hashable, Sendable, CaseIterable {
    case minute = "1m"
    case fiveMinutes = "5m"
    case quarterHour = "15m"
    case hour = "1h"
    case fourHours = "4h"
    case day = "1d"
    case week = "1w"

    package var seconds: Int64 {
        switch self {
        case .minute: 60
        case .fiveMinutes: 300
        case .quarterHour: 900
        case .hour: 3_600
        case .fourHours: 14_400
        case .day: 86_400
        case .week: 604_800
        }
    }

    package var period: Period { .seconds(seconds) }

    /// Monday, 1970-01-05.
    private static let firstMonday: Int64 = 4 * 86_400

    package func isAligned(_ openTime: Timestamp) -> Bool { beyond(openTime) == 0 }

    /// Microseconds since the candle opened in which `time` lies.
    private func beyond(_ time: Timestamp) -> Int64 {
        let origin = self == .week ? Self.firstMonday : 0
        let rest = (time.microseconds - origin * 1_000_000) % period.microseconds
        return rest < 0 ? rest + period.microseconds : rest
    }

    /// Open time of the candle in which `time` lies.
    package func open(at time: Timestamp) -> Timestamp {
        Timestamp(microseconds: time.microseconds - beyond(time))
    }

    /// The first open time at or after `time`.
    package func nextOpen(from time: Timestamp) -> Timestamp {
        isAligned(time) ? time : open(at: time) + period
    }

    /// Intervals of which this one is made, the finest first: each of them is divided by all before it.
    package var finer: [Interval] { Self.allCases.filter { $0.seconds < seconds } }

    /// Candles of a finer interval that make one of this.
    package func parts(of finer: Interval) -> Int { Int(seconds / finer.seconds) }

    /// When the candle that opens at `openTime` is over: the open time of the next one.
    package func close(of openTime: Timestamp) -> Timestamp { openTime + period }

    /// When the interval in which `time` lies is over.
    package func end(of time: Timestamp) -> Timestamp {
        let origin = self == .week ? Self.firstMonday * 1_000_000 : 0
        let length = period.microseconds
        let since = time.microseconds - origin
        let begun = since - ((since % length) + length) % length
        return Timestamp(microseconds: origin + begun + length)
    }

    /// Whole intervals from one open time to a later one.
    package func steps(from earlier: Timestamp, to later: Timestamp) -> Int {
        Int((later.microseconds - earlier.microseconds) / period.microseconds)
    }
}
