package import Kernel

/// How hard one endpoint may be tried. Pure; one a worker and endpoint.
///
/// Closed, it lets as many through as the limits say. After enough failures in a row it degrades: one probe
/// at a time, further and further apart, until one succeeds. It disables late. A receiver that throttles is
/// paused or slowed, which is no failure of the circuit.
package struct Circuit: Equatable, Sendable {
    /// In a row, and over that long: a restart of the receiver is neither.
    package static let degradeAfter = (failures: 10, period: Period.seconds(10))
    /// Longer than a message's schedule: whatever comes back within a weekend is not disabled.
    package static let disableAfter = Period.hours(120)
    /// Between probes: doubles from the first to the last.
    package static let probeWaits = (first: Period.seconds(10), last: Period.minutes(10))
    /// Halvings of how many go at once, by 502 and 504 in a row.
    static let slownessLimit = 5

    package enum Event: Equatable, Sendable {
        /// With when that one was sent.
        case succeeded(begun: Timestamp)
        case failed
        /// 502 or 504: a failure of what stands before the receiver.
        case slowed
        /// 429, with how long to stay away.
        case throttled(Period)
    }

    package enum Action: Equatable, Sendable {
        case none
        case degrade
        case recover
        case disable
    }

    /// In a row.
    package private(set) var failures = 0
    package private(set) var failingSince: Timestamp?
    package private(set) var isDegraded = false
    private var slowness = 0
    private var probeWait = Circuit.probeWaits.first
    private var closedUntil: Timestamp?
    private var pause: Pause?

    /// What a receiver that throttles asked for.
    private struct Pause: Equatable {
        let until: Timestamp
        let asked: Timestamp
    }

    package init() {}

    /// A circuit that was degraded before this worker knew it.
    package init(degradedSince since: Timestamp) {
        isDegraded = true
        failingSince = since
    }

    /// How many may be on their way now, of `full` when all is well.
    package func allowance(at now: Timestamp, of full: Int) -> Int {
        if opens(after: now) != nil { return 0 }
        return isDegraded ? 1 : max(full >> slowness, 1)
    }

    /// When the next one may go; nil when it may go now.
    package func opens(after now: Timestamp) -> Timestamp? {
        [closedUntil, pause?.until].compactMap(\.self).filter { now < $0 }.max()
    }

    package mutating func event(_ event: Event, at now: Timestamp) -> Action {
        switch event {
        case .succeeded(let begun): return succeed(begun: begun)
        case .throttled(let period):
            pause = Pause(until: max(pause?.until ?? now, now + period), asked: now)
            return .none
        case .failed: return fail(at: now)
        case .slowed:
            slowness = min(slowness + 1, Self.slownessLimit)
            return fail(at: now)
        }
    }

    /// What the receiver asked for behind it stands: it was on its way before.
    private mutating func succeed(begun: Timestamp) -> Action {
        let wasDegraded = isDegraded
        let slowness = max(slowness - 1, 0)
        let pause = pause.flatMap { $0.asked >= begun ? $0 : nil }
        self = Circuit()
        (self.slowness, self.pause) = (slowness, pause)
        return wasDegraded ? .recover : .none
    }

    private mutating func fail(at now: Timestamp) -> Action {
        failures += 1
        let since = failingSince ?? now
        failingSince = since
        if now - since >= Self.disableAfter { return .disable }
        if isDegraded {
            closedUntil = now + probeWait
            probeWait = min(probeWait * 2, Self.probeWaits.last)
            return .none
        }
        guard failures >= Self.degradeAfter.failures, now - since >= Self.degradeAfter.period else {
            return .none
        }
        isDegraded = true
        closedUntil = now + probeWait
        return .degrade
    }
}
