import Kernel

/// What counts once for a user, and how often they were wrong.
struct FactorTally: Equatable {
    /// So many wrong codes in a row are free; each one more doubles the wait.
    static let freeAttempts = 5
    private static let firstWait: Period = .minutes(1)
    /// Never permanent: whoever knows a password could lock its owner out.
    private static let longestWait: Period = .minutes(15)

    /// The newest step of time whose code was taken.
    private(set) var step: Int64
    private(set) var wrong: Int
    private(set) var blockedUntil: Timestamp?

    init(step: Int64 = 0, wrong: Int = 0, blockedUntil: Timestamp? = nil) {
        (self.step, self.wrong, self.blockedUntil) = (step, wrong, blockedUntil)
    }

    func isBlocked(at now: Timestamp) -> Bool { blockedUntil.map { now < $0 } ?? false }

    /// False: this step's code, or a newer one's, was taken before (RFC 6238, 5.2).
    mutating func take(_ step: Int64) -> Bool {
        guard step > self.step else { return false }
        self.step = step
        noteRight()
        return true
    }

    mutating func noteRight() { (wrong, blockedUntil) = (0, nil) }

    mutating func noteWrong(at now: Timestamp) {
        wrong += 1
        guard wrong >= Self.freeAttempts else { return }
        let doublings = min(wrong - Self.freeAttempts, 4)
        blockedUntil = now + min(Self.longestWait, Self.firstWait * Double(1 << doublings))
    }
}
