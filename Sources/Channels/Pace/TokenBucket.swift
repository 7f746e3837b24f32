package import Kernel

/// So many at once, and one more each interval. Its whole state is one moment, when it is full again, so that
/// it fits a column and several nodes share it.
package struct TokenBucket: Sendable, Equatable {
    package let capacity: Int
    package let interval: Period

    package init(capacity: Int, interval: Period) { (self.capacity, self.interval) = (capacity, interval) }

    package enum Turn: Equatable, Sendable {
        /// A token was taken: full again then.
        case taken(fullAt: Timestamp)
        case wait(until: Timestamp)
    }

    /// - Parameter fullAt: as the last turn left it; nil for a new bucket, which is full.
    package func take(_ fullAt: Timestamp?, at now: Timestamp) -> Turn {
        let full = max(fullAt ?? now, now) + interval
        let earliest = full - interval * Double(capacity)
        return earliest > now ? .wait(until: earliest) : .taken(fullAt: full)
    }

    /// The state that lets nothing through before then.
    package func closed(until time: Timestamp) -> Timestamp { time + interval * Double(capacity - 1) }

    /// The most that any stretch of that length can see.
    package func most(in period: Period) -> Int {
        capacity + Int((period.microseconds + interval.microseconds - 1) / interval.microseconds) - 1
    }
}
