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

/// The node's: somebody who wastes theirs takes nothing from others, and nobody from far away anything from
/// those who stand at the machine.
struct AttemptBudgets {
    /// Addresses that are remembered.
    static let capacity = 1_000

    private var here = AttemptBudget()
    private var elsewhere = RecentlyUsed<CIDR, AttemptBudget>(capacity: capacity)

    /// - Parameter address: nil is the unix socket.
    mutating func take(from address: IPAddress?, at now: Timestamp) -> Bool {
        guard let address, !address.isLoopback else { return here.take(at: now) }
        var budget = elsewhere.use(address.host) ?? AttemptBudget()
        defer { elsewhere.set(address.host, budget) }
        return budget.take(at: now)
    }
}
