/// How long the horizon has stood still while transactions above it were waiting to be read. Pure; told what
/// a snapshot says, and when by a clock that never steps.
package struct HorizonLag: Sendable {
    package enum Step: Equatable, Sendable {
        /// Under two seconds, or the same as before.
        case none
        /// Over two seconds: to the log, once a standstill.
        case log
        /// Over five: an event, once a standstill.
        case event
        /// Over thirty: what is ours is ended.
        case end
    }

    private static let nanosecondsPerSecond = 1_000_000_000.0
    private static let steps: [(seconds: Double, step: Step)] = [(30, .end), (5, .event), (2, .log)]

    private var horizon: UInt64 = 0
    private var since: UInt64 = 0
    private var lastStep = Step.none
    package private(set) var seconds = 0.0

    package init() {}

    /// - Parameters:
    ///   - horizon: the oldest transaction that is not decided.
    ///   - next: the first that has not begun; equal to `horizon` when none is open.
    package mutating func observe(horizon: UInt64, next: UInt64, at now: UInt64) -> Step {
        if horizon != self.horizon || next <= horizon {
            (self.horizon, since, seconds, lastStep) = (horizon, now, 0, .none)
            return .none
        }
        seconds = Double(now &- since) / Self.nanosecondsPerSecond
        let step = Self.steps.first { seconds > $0.seconds }?.step ?? .none
        // Backends are ended again until they are gone; the rest is said once.
        guard step != lastStep || step == .end else { return .none }
        lastStep = step
        return step
    }
}
