package import Kernel

/// When a message is tried again. Pure: chance comes in as a fraction.
///
/// Ten attempts over 75 h 35 min 5 s. A receiver that says when to come back is obeyed where that is later,
/// for at most a day; one that says 429 is not held to have had its chance, again for at most a day a
/// message.
package enum RetrySchedule {
    /// Waits before attempts 1 to 10.
    package static let waits: [Period] = [
        .seconds(0), .seconds(5), .minutes(5), .minutes(30), .hours(2), .hours(5), .hours(10), .hours(14),
        .hours(20), .hours(24),
    ]
    package static let attempts = waits.count
    /// Of a wait, either way, so that messages that failed together do not come back together.
    package static let jitter = 0.2
    /// Longest obedience to one Retry-After.
    package static let retryAfterLimit = Period.hours(24)
    /// How long a message may be throttled before its attempts count.
    package static let throttleLimit = Period.hours(24)
    /// Waits after a throttled attempt begin here and double up to there.
    package static let throttleWaits = (first: Period.seconds(5), last: Period.minutes(10))
    /// How seldom one message is tried before its time.
    package static let earlyEvery = Period.minutes(10)
    /// How many a second of one webhook.
    package static let earlyPerSecond = 50
    /// From an attempt that did not reach its endpoint to the next of the oldest message that waits for it,
    /// before its time: half as long as the message waited, within these.
    package static let knockWaits = (first: Period.seconds(10), last: Period.minutes(10))
    /// A message that waits for a receiver that is down or disabled lapses after that.
    package static let lifetime = waits.reduce(Period(microseconds: 0), +) * (1 + jitter)

    /// What a message has behind it.
    package struct Progress: Equatable, Sendable {
        /// All attempts.
        package var attempts: Int
        /// Those that count.
        package var counted: Int
        /// When its schedule began: at its creation, or when somebody sent it again.
        package var begun: Timestamp
        /// When its schedule has it tried, of one that is tried before.
        package var scheduledFor: Timestamp?

        package init(attempts: Int, counted: Int, begun: Timestamp, scheduledFor: Timestamp? = nil) {
            (self.attempts, self.counted, self.begun) = (attempts, counted, begun)
            self.scheduledFor = scheduledFor
        }

        /// With one more attempt behind it.
        package func after(_ failure: Failure, at now: Timestamp) -> Progress {
            let isFree = failure == .throttled && now - begun <= RetrySchedule.throttleLimit
            let counts = !isFree && !isEarly(at: now)
            return Progress(
                attempts: attempts + 1, counted: counted + (counts ? 1 : 0), begun: begun,
                scheduledFor: isEarly(at: now) ? scheduledFor : nil)
        }

        func isEarly(at now: Timestamp) -> Bool { scheduledFor.map { now < $0 } ?? false }
    }

    package enum Failure: Equatable, Sendable {
        case failed
        /// 429.
        case throttled
    }

    package enum Next: Equatable, Sendable {
        case attempt(at: Timestamp)
        case exhausted
    }

    /// - Parameters:
    ///   - progress: with the failed attempt counted in.
    ///   - retryAfter: what the receiver asked for.
    ///   - fraction: chance, 0 ..< 1.
    package static func next(
        after progress: Progress, _ failure: Failure, retryAfter: Period?, now: Timestamp, fraction: Double
    ) -> Next {
        guard progress.counted < attempts else { return .exhausted }
        let theirs = min(retryAfter ?? Period(microseconds: 0), retryAfterLimit)
        if let time = progress.scheduledFor, now < time { return .attempt(at: max(time, now + theirs)) }
        let isFree = failure == .throttled && now - progress.begun <= throttleLimit
        let wait = isFree ? throttleWait(progress) : waits[progress.counted]
        let ours = wait * (1 - jitter + 2 * jitter * fraction)
        return .attempt(at: now + max(ours, theirs))
    }

    /// From an attempt that reached nobody to when one of its endpoint's messages is tried before its time.
    static func knockWait(begun: Timestamp, now: Timestamp) -> Period {
        min(max((now - begun) * 0.5, knockWaits.first), knockWaits.last)
    }

    private static func throttleWait(_ progress: Progress) -> Period {
        let doublings = min(max(progress.attempts - progress.counted - 1, 0), 10)
        return min(throttleWaits.first * Double(1 << doublings), throttleWaits.last)
    }
}
