import Kernel

/// Attempts of one identity, or from one address, that have not succeeded. Every attempt counts as failed
/// before it is made, so that those made at the same time count, too. Pure.
struct LoginTally: Equatable {
    enum Kind {
        case identity
        /// Behind it may be an office.
        case address

        var freeAttempts: Int { self == .identity ? 5 : 20 }
    }

    static let firstDelay: Period = .seconds(5)
    /// Nobody is locked out for longer, and never for good.
    static let longestDelay: Period = .minutes(15)
    /// After that long without an attempt, earlier ones are forgotten.
    static let memory: Period = .hours(1)

    let kind: Kind
    private(set) var failures = 0
    private(set) var blockedUntil: Timestamp?
    private(set) var touchedAt: Timestamp

    init(_ kind: Kind, failures: Int = 0, blockedUntil: Timestamp? = nil, touchedAt: Timestamp) {
        (self.kind, self.failures, self.blockedUntil) = (kind, failures, blockedUntil)
        self.touchedAt = touchedAt
    }

    /// How long nobody may try; nil when somebody may now.
    func wait(at now: Timestamp) -> Period? {
        guard let blockedUntil, blockedUntil > now else { return nil }
        return blockedUntil - now
    }

    /// Whether the attempt that was counted last began a lock-out.
    var hasJustLocked: Bool { failures == kind.freeAttempts }

    mutating func count(at now: Timestamp) {
        if now - touchedAt >= Self.memory { failures = 0 }
        failures += 1
        touchedAt = now
        let beyond = failures - kind.freeAttempts
        blockedUntil = beyond < 0 ? nil : now + Self.delay(beyond)
    }

    /// An attempt that was no failure.
    mutating func giveBack() {
        failures = max(failures - 1, 0)
        if failures < kind.freeAttempts { blockedUntil = nil }
    }

    mutating func clear() { (failures, blockedUntil) = (0, nil) }

    /// Twice as long with each attempt.
    private static func delay(_ beyond: Int) -> Period {
        let seconds = firstDelay.microseconds << Int64(min(beyond, 20))
        return min(Period(microseconds: seconds), longestDelay)
    }
}
