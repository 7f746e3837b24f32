import Access
import Events
import Exchanges
import Kernel
import Postgres

@testable import Alerts

/// Keys of a desk, for rules to reach: what Keys does with them is tested there.
final class StandInKeys {
    private(set) var modes: [ExchangeKeyID: KeyDeed] = [:]
    private var targets: [ExchangeKeyID: Target] = [:]
    private(set) var reasons: [String] = []
    /// Thrown by every deed.
    var obstacle: (any Error)?
    /// Deeds to these fail.
    var stuck: Set<ExchangeKeyID> = []

    func add(_ number: UInt64, tags: [String] = [], environment: Environment = .live) -> ExchangeKeyID {
        let id = ExchangeKeyID(UUID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0000 + number))
        targets[id] = Target(
            .key(id), exchange: .binance, environment: environment, account: "main", tags: tags)
        return id
    }

    var hands: RuleHands {
        RuleHands(
            look: { [self] deed, scope, holders, _ in reach(deed, scope, holders) },
            act: { [self] deed, scope, cause, change, allows in
                if let obstacle { throw obstacle }
                let isStuck = stuck.contains { targets[$0].map(scope.matches) ?? false }
                if isStuck { throw TestFailure(text: "a key is held") }
                let reach = reach(deed, scope, cause.holders)
                guard try await allows(reach) else { return reach }
                // A transaction that is not committed changed nothing.
                change.afterCommit { [self] in
                    for key in reach.changed { modes[key.id] = deed }
                    if !reach.changed.isEmpty { reasons.append(cause.reason) }
                }
                return reach
            })
    }

    private func reach(_ deed: KeyDeed, _ scope: Scope, _ holders: [Rights]) -> DeedReach {
        var reach = DeedReach()
        for (id, target) in targets.sorted(by: { $0.key < $1.key }) where scope.matches(target) {
            if holders.isEmpty || !holders.allSatisfy({ $0.may(deed.permission, on: target) }) {
                reach.forbidden += 1
            } else if modes[id] == deed {
                reach.unchanged += 1
            } else {
                reach.changed.append(ReachedKey(id: id, label: "key", target: target))
            }
        }
        return reach
    }
}
