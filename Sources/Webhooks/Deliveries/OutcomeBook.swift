import Access
import EventLoop
import Kernel

/// Outcomes on their way to the database, and which secrets signed.
struct OutcomeBook {
    /// How exactly a secret's last use is known.
    static let useResolution = Period.minutes(1)

    private(set) var outcomes: [Outcome] = []
    private var uses: [WebhookSecretID: Timestamp] = [:]
    private var unwrittenUses: Set<WebhookSecretID> = []
    let bell = Wakeup()

    var isEmpty: Bool { outcomes.isEmpty }
    var count: Int { outcomes.count }

    /// The next in its line waits until one of them is written.
    var hasOrdered: Bool { outcomes.contains { $0.delivery.orderKey != nil && $0.isOver } }

    mutating func append(_ outcome: Outcome) { outcomes.append(outcome) }

    mutating func use(_ secrets: [WebhookSecretID], at now: Timestamp) {
        for secret in secrets {
            if let last = uses[secret], now - last < Self.useResolution { continue }
            uses[secret] = now
            unwrittenUses.insert(secret)
        }
    }

    /// The oldest of them, at most that many.
    func batch(_ most: Int) -> [Outcome] { Array(outcomes.prefix(most)) }

    mutating func takeUses() -> [WebhookSecretID] {
        defer { unwrittenUses = [] }
        return unwrittenUses.sorted()
    }

    mutating func removeFirst(_ count: Int) { outcomes.removeFirst(count) }
}
