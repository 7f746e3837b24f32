import Kernel

/// Where a node stands between its database and the exits of its desk: pure, told of what happens and when.
///
///     idle ⇄ fresh → away → over → merging → fresh
struct AwayState: Equatable, Sendable {
    /// An older snapshot says too little about what is allowed.
    static let snapshotAgeAtMost: Period = .seconds(60)
    /// Whatever was taken away elsewhere meanwhile may be used no longer than this.
    static let lastsAtMost: Period = .minutes(15)

    enum Phase: Equatable, Sendable {
        /// Nothing to act by: no key is switched on, the node is sealed, or its snapshot is too old.
        case idle
        /// The database answered, and the snapshot is as it said.
        case fresh(confirmed: UInt64)
        /// Exits go by the journal.
        case away(since: UInt64)
        /// Cut off, and no longer allowed to act.
        case over
        /// The database is back; the journal is not in the trail yet. With the moment of the newest snapshot,
        /// if there is one.
        case merging(confirmed: UInt64?)
    }

    enum Event: CaseIterable, Sendable {
        /// The database answered, whatever it said: authority was read.
        case answered
        /// What it said is what the snapshot holds. The time is that of the question.
        case confirmed
        /// It answered, and there is nothing to act by.
        case emptied
        /// It did not answer, and not for the first time.
        case lost
        case tick
        /// The node was sealed.
        case closed
        /// The journal cannot be written.
        case failed
        case merged
    }

    enum End: String, Sendable {
        case answered = "database_back"
        case expired, sealed, failed
    }

    enum Action: Equatable, Sendable {
        case nothing
        case begin
        case end(End)
    }

    private(set) var phase = Phase.idle

    /// Whether exits may be sent at this moment.
    func isAway(at now: UInt64) -> Bool {
        guard case .away(let since) = phase else { return false }
        return !Self.hasPassed(Self.lastsAtMost, since: since, now)
    }

    /// How long exits may still be sent.
    func left(at now: UInt64) -> Period {
        guard case .away(let since) = phase, isAway(at: now) else { return .seconds(0) }
        let passed = Int64(clamping: now &- since) / 1_000
        return Period(microseconds: Self.lastsAtMost.microseconds - passed)
    }

    /// - Parameter now: by a clock that never steps; of `confirmed` the moment at which it was asked.
    mutating func happened(_ event: Event, at now: UInt64) -> Action {
        switch phase {
        case .idle: whenIdle(event, now)
        case .fresh(let confirmed): whenFresh(confirmed, event, now)
        case .away(let since): whenAway(since, event, now)
        case .over: whenOver(event)
        case .merging(let confirmed): whenMerging(confirmed, event, now)
        }
    }

    private mutating func whenIdle(_ event: Event, _ now: UInt64) -> Action {
        if event == .confirmed { phase = .fresh(confirmed: now) }
        return .nothing
    }

    private mutating func whenFresh(_ confirmed: UInt64, _ event: Event, _ now: UInt64) -> Action {
        switch event {
        case .confirmed: phase = .fresh(confirmed: now)
        case .emptied, .closed: phase = .idle
        case .lost: return lose(confirmed, otherwise: .idle, now)
        case .answered, .tick, .failed, .merged: break
        }
        return .nothing
    }

    private mutating func whenAway(_ since: UInt64, _ event: Event, _ now: UInt64) -> Action {
        switch event {
        case .answered, .confirmed, .emptied:
            phase = .merging(confirmed: nil)
            return .end(.answered)
        case .closed:
            phase = .over
            return .end(.sealed)
        case .failed:
            phase = .over
            return .end(.failed)
        case .lost, .tick, .merged:
            guard Self.hasPassed(Self.lastsAtMost, since: since, now) else { return .nothing }
            phase = .over
            return .end(.expired)
        }
    }

    private mutating func whenOver(_ event: Event) -> Action {
        switch event {
        case .answered, .confirmed, .emptied: phase = .merging(confirmed: nil)
        case .lost, .tick, .closed, .failed, .merged: break
        }
        return .nothing
    }

    private mutating func whenMerging(_ confirmed: UInt64?, _ event: Event, _ now: UInt64) -> Action {
        switch event {
        case .confirmed: phase = .merging(confirmed: now)
        case .emptied, .closed: phase = .merging(confirmed: nil)
        case .merged: phase = confirmed.map { .fresh(confirmed: $0) } ?? .idle
        case .lost: return lose(confirmed, otherwise: .over, now)
        case .answered, .tick, .failed: break
        }
        return .nothing
    }

    private mutating func lose(_ confirmed: UInt64?, otherwise phase: Phase, _ now: UInt64) -> Action {
        guard let confirmed, !Self.hasPassed(Self.snapshotAgeAtMost, since: confirmed, now) else {
            self.phase = phase
            return .nothing
        }
        self.phase = .away(since: now)
        return .begin
    }

    private static func hasPassed(_ period: Period, since: UInt64, _ now: UInt64) -> Bool {
        now &- since >= UInt64(period.nanoseconds)
    }
}
