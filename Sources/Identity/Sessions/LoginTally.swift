import Kernel

/// Attempts that have not succeeded, of those who are counted together. Every attempt counts as failed before
/// it is made, so that those made at the same time count, too. Pure.
struct LoginTally: Equatable {
    enum Kind: Equatable {
        /// Of one origin: one address that tries one identity, a known browser, a session, an access token.
        case origin
        /// Of one address, whomever it tries. Behind it may be an office.
        case address
        /// Of all strangers together who try one identity.
        case crowd(Pace)
    }

    /// Attempts that a crowd has, and how they come back, one by one. Nobody's failure puts that off, so
    /// that no single stranger keeps everybody out.
    struct Pace: Equatable {
        let burst: Int
        let every: Period

        /// At most 90 in an hour. One address, which waits 15 minutes in the end, uses up 4 of them. All at
        /// once find room in the line of `PasswordHasher`.
        static let passwords = Pace(burst: 30, every: .minutes(1))
        /// Three codes of a million are right at any time: ten guesses an hour find one in 4 years.
        static let codes = Pace(burst: 20, every: .minutes(6))
    }

    private static let freeOfOrigin = 5
    private static let freeOfAddress = 20
    static let firstDelay: Period = .seconds(5)
    /// Nobody is locked out for longer, and never for good.
    static let longestDelay: Period = .minutes(15)
    /// As far as nodes' clocks are apart that are right.
    static let apart: Period = .minutes(1)
    /// After that long without an attempt, earlier ones are forgotten.
    static let memory: Period = .hours(1)

    let kind: Kind
    /// Of a crowd: 1 once it was told that it has none left.
    private(set) var failures = 0
    /// Of a crowd: when all its attempts have come back.
    private(set) var blockedUntil: Timestamp?
    private(set) var touchedAt: Timestamp
    /// Whether the attempt that was counted last began a lock-out.
    private(set) var hasJustLocked = false

    init(_ kind: Kind, failures: Int = 0, blockedUntil: Timestamp? = nil, touchedAt: Timestamp) {
        (self.kind, self.failures, self.blockedUntil) = (kind, failures, blockedUntil)
        self.touchedAt = touchedAt
    }

    /// How long nobody may try; nil when somebody may now.
    func wait(at now: Timestamp) -> Period? {
        guard let opensAt, opensAt > now, isBelieved(at: now) else { return nil }
        return opensAt - now
    }

    /// From when on somebody may try.
    var opensAt: Timestamp? {
        guard case .crowd(let pace) = kind else { return blockedUntil }
        return blockedUntil.map { $0 - pace.every * Double(pace.burst - 1) }
    }

    /// What ends later than anything that is counted now was counted by a clock that was wrong: nobody is
    /// locked out for as long as it was.
    private func isBelieved(at now: Timestamp) -> Bool {
        guard let blockedUntil else { return true }
        let longest: Period =
            if case .crowd(let pace) = kind { pace.every * Double(pace.burst) } else { Self.longestDelay }
        return blockedUntil - now <= longest + Self.apart
    }

    mutating func count(at now: Timestamp) {
        switch kind {
        case .origin: count(at: now, free: Self.freeOfOrigin)
        case .address: count(at: now, free: Self.freeOfAddress)
        case .crowd(let pace): count(at: now, pace)
        }
        touchedAt = now
    }

    private mutating func count(at now: Timestamp, free: Int) {
        if now - touchedAt >= Self.memory { failures = 0 }
        failures += 1
        let beyond = failures - free
        blockedUntil = beyond < 0 ? nil : now + Self.delay(beyond)
        hasJustLocked = beyond == 0
    }

    private mutating func count(at now: Timestamp, _ pace: Pace) {
        let back = isBelieved(at: now) ? blockedUntil ?? now : now
        if back <= now { failures = 0 }
        blockedUntil = max(back, now) + pace.every
        hasJustLocked = failures == 0 && wait(at: now) != nil
        if hasJustLocked { failures = 1 }
    }

    /// An attempt that was no failure.
    mutating func giveBack() {
        switch kind {
        case .origin: giveBack(free: Self.freeOfOrigin)
        case .address: giveBack(free: Self.freeOfAddress)
        case .crowd(let pace): blockedUntil = blockedUntil.map { $0 - pace.every }
        }
    }

    private mutating func giveBack(free: Int) {
        failures = max(failures - 1, 0)
        if failures < free { blockedUntil = nil }
    }

    /// One that succeeded. What others tried goes on counting: success tells nothing of them.
    mutating func succeed() {
        guard kind == .origin else { return giveBack() }
        (failures, blockedUntil) = (0, nil)
    }

    /// Twice as long with each attempt.
    private static func delay(_ beyond: Int) -> Period {
        let seconds = firstDelay.microseconds << Int64(min(beyond, 20))
        return min(Period(microseconds: seconds), longestDelay)
    }
}
