import Kernel

/// How often this node listens to people who want to unseal it. Shares cannot be guessed; what is bounded is
/// the work that nonsense makes.
struct AttemptBudget: Sendable {
    static let burst = 30.0
    static let perSecond = 3.0

    private var level = burst
    private var at: Timestamp?

    mutating func take(at now: Timestamp) -> Bool {
        let elapsed = at.map { max(0, (now - $0).seconds) } ?? 0
        level = min(Self.burst, level + elapsed * Self.perSecond)
        at = now
        guard level >= 1 else { return false }
        level -= 1
        return true
    }
}
