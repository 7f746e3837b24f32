import Access
import JSON
import Kernel

/// A key's way from one secret to the next. Every edge is one transaction; whatever is cut short between two
/// of them is taken up again where it stood.
struct Rotation: Sendable {
    enum State: String, CaseIterable, Sendable {
        /// Waits for the new version, or for the exchange's name for it.
        case staged
        /// The exchange is asked what the new version may do.
        case testing
        case promoting
        /// The new version is used; the old one still works, and can be brought back.
        case overlap
        /// The old one is to be refused by the exchange.
        case retiring
        case done, failed
        case rolledBack = "rolled_back"

        var isOpen: Bool { self != .done && self != .rolledBack }
        /// The new version is the current one.
        var isPromoted: Bool { self == .overlap || self == .retiring }
    }

    enum Cause: String, CaseIterable, Sendable {
        case asked, scheduled
        /// The secret lay in a file before it came here.
        case file
        /// Somebody who knew the secret has left.
        case leaver
        /// A break-glass token touched the key.
        case breakGlass = "break_glass"
        /// An alert rule that fired.
        case rule
    }

    /// What stands against the next step.
    struct Obstacle: Sendable, Equatable {
        let code: String
        let sentence: String
        /// Whether the same version can be tried again.
        var isResumable = true
    }

    let id: RotationID
    let key: ExchangeKeyID
    private(set) var state: State
    let cause: Cause
    let reason: String?
    private(set) var version: Int?
    private(set) var previousVersion: Int?
    let overlap: WrittenPeriod
    private(set) var deadline: Timestamp
    /// When the next step is due by itself; nil while a person must act.
    private(set) var nextAt: Timestamp?
    private(set) var attempts = 0
    private(set) var obstacle: Obstacle?
    private(set) var testedAt: Timestamp?
    private(set) var testTag: [UInt8]?
    private(set) var overlapUntil: Timestamp?
    private(set) var stuckToldAt: Timestamp?
    private(set) var proof: JSONValue?
    let createdAt: Timestamp
    let createdBy: String
    private(set) var updatedAt: Timestamp
    private(set) var finishedAt: Timestamp?
    private(set) var revision: Int64 = 1
}

// MARK: Times

extension Rotation {
    static let usualOverlap = "24h"
    static let overlapAtMost: Period = .days(90)
    /// For a person to bring the new secret, and once more for the old key to be deleted.
    static let usualTime: Period = .days(7)
    /// How long a claimed step may take before it is taken up again.
    static let claimLength: Period = .minutes(2)
    /// A new key is not always known at once everywhere at its exchange.
    static let refusalsForgiven = 3
    static let stuckToldEvery: Period = .days(1)

    /// 1, 2, 4 … 64 minutes.
    private var pause: Period { .minutes(Int64(1) << Int64(min(max(attempts - 1, 0), 6))) }

    func isStuck(at now: Timestamp) -> Bool { state.isOpen && deadline <= now }
}

// MARK: Edges

extension Rotation {
    static func open(
        _ id: RotationID, of key: ExchangeKey, cause: Cause, reason: String?, overlap: WrittenPeriod,
        within: Period, by: String, at now: Timestamp
    ) -> Rotation {
        Rotation(
            id: id, key: key.id, state: .staged, cause: cause, reason: reason,
            previousVersion: key.currentVersion, overlap: overlap, deadline: now + within, createdAt: now,
            createdBy: by, updatedAt: now)
    }

    /// The version that it is about is there; it can be tested unless it waits for a name.
    mutating func take(_ version: KeyVersion, at now: Timestamp) {
        self.version = version.number
        restage(at: now)
        nextAt = version.waitsForAPIKey ? nil : now
    }

    /// Its version was destroyed before anything depended on it: it waits for another.
    mutating func lose(at now: Timestamp) {
        version = nil
        restage(at: now)
    }

    private mutating func restage(at now: Timestamp) {
        (state, attempts, obstacle, nextAt, testTag) = (.staged, 0, nil, nil, nil)
        touch(at: now)
    }

    /// Claims the test. Whoever holds an older revision has lost it.
    mutating func beginTest(at now: Timestamp) {
        state = .testing
        attempts += 1
        nextAt = now + Self.claimLength
        touch(at: now)
    }

    mutating func pass(_ tag: [UInt8], at now: Timestamp) {
        (state, testedAt, testTag, obstacle, attempts, nextAt) = (.promoting, now, tag, nil, 0, now)
        touch(at: now)
    }

    /// The test told nothing yet.
    mutating func postpone(_ obstacle: Obstacle, at now: Timestamp) {
        self.obstacle = obstacle
        nextAt = now + pause
        touch(at: now)
    }

    mutating func fail(_ obstacle: Obstacle, at now: Timestamp) {
        (state, self.obstacle, nextAt) = (.failed, obstacle, nil)
        touch(at: now)
    }

    /// Its test is not to be believed any more.
    mutating func testAgain(at now: Timestamp) {
        restage(at: now)
        nextAt = now
    }

    mutating func promote(over previous: Int?, at now: Timestamp) {
        let end = now + overlap.period
        (state, previousVersion, overlapUntil, nextAt) = (.overlap, previous, end, end)
        (deadline, stuckToldAt, testTag) = (end + Self.usualTime, nil, nil)
        touch(at: now)
    }

    mutating func retire(at now: Timestamp) {
        (state, nextAt, attempts, obstacle) = (.retiring, now, 0, nil)
        touch(at: now)
    }

    /// From here on the deletion of the old key takes it to its end.
    mutating func beginRetiring(at now: Timestamp) {
        attempts += 1
        nextAt = nil
        touch(at: now)
    }

    /// What was seen of the old key at its exchange.
    mutating func saw(_ obstacle: Obstacle, at now: Timestamp) {
        self.obstacle = obstacle
        touch(at: now)
    }

    mutating func finish(_ proof: JSONValue, at now: Timestamp) {
        (state, self.proof, obstacle) = (.done, proof, nil)
        close(at: now)
    }

    mutating func rollBack(because obstacle: Obstacle?, at now: Timestamp) {
        state = .rolledBack
        if let obstacle { self.obstacle = obstacle }
        close(at: now)
    }

    mutating func tellStuck(at now: Timestamp) {
        stuckToldAt = now
        touch(at: now)
    }

    private mutating func close(at now: Timestamp) {
        (nextAt, finishedAt, testTag) = (nil, now, nil)
        touch(at: now)
    }

    private mutating func touch(at now: Timestamp) {
        updatedAt = now
        revision += 1
    }
}

extension Rotation {
    /// What a passed test is about.
    var testBytes: [UInt8] {
        var state = StateBytes("keybell rotation test")
        state.add(id.description)
        state.add(key.description)
        state.add(version)
        return state.bytes
    }
}
