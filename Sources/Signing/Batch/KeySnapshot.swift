import Access
import Crypto
import Exchanges
import HTTPServer
import JSON
import Kernel
import Keys
import Postgres

/// A key with the policies over it, as they stood together at one epoch.
final class KeySnapshot: Sendable {
    let usable: UsableKey
    let policies: PolicySet
    /// Which prices count.
    let prices: PriceStanding
    let epoch: Int64
    // Asked for by every request, so worked out once.
    let facts: KeyFacts
    /// What scopes of grants see of the key.
    let target: Target
    /// The key's id as text.
    let name: String
    /// What the events of its uses begin with.
    let members: [UInt8]
    private let account: String?
    /// Whose counters its limits may charge, in any order; the key's own always, for its nonce.
    let counterOwners: [String]
    let wantsNonce: Bool
    let asksPrices: Bool
    /// Whether clauses of its policies only report.
    let reports: Bool

    init(usable: UsableKey, policies: PolicySet, prices: PriceStanding, epoch: Int64) {
        (self.usable, self.policies, self.prices, self.epoch) = (usable, policies, prices, epoch)
        asksPrices = policies.asksPrices
        reports = policies.all.contains { !$0.policy.logOnly.isEmpty }
        var facts = KeyFacts(usable.key)
        facts.granted = usable.granted ?? []
        let name = usable.key.id.description
        (self.facts, self.name, target) = (facts, name, usable.key.target)
        members = JSONWriter.members { w in facts.write(as: name, to: &w) }
        account = usable.account?.description
        wantsNonce = usable.key.exchange.wantsNonce
        var owners = [name]
        if let account { owners.append(account) }
        if policies.desk?.policy.limits.isEmpty == false { owners.append(PolicyStore.desk) }
        counterOwners = owners
    }

    var key: ExchangeKey { usable.key }

    func counter(_ charge: LimitCharge) -> CounterKey {
        CounterKey(owner: row(of: charge.of), clause: Int(charge.counter.number))
    }

    /// Under what name counters and policies of an owner stand.
    func row(of owner: PolicyOwner) -> String {
        switch owner {
        case .key: name
        case .account: account ?? name
        case .desk: PolicyStore.desk
        }
    }

    /// By everything but the counters.
    func judge(
        _ request: UseRequest, _ read: ReadUse, _ market: Market, at now: Timestamp
    ) -> PolicyJudgement {
        let judgement = policies.judge(useFacts(request, read, market, at: now))
        guard request.way == .sign else { return judgement }
        return SignMode(snapshot: self, request: request, market: market, now: now).hold(judgement, of: read)
    }

    func useFacts(
        _ request: UseRequest, _ read: ReadUse, _ market: Market, at now: Timestamp
    ) -> UseFacts {
        var found = UseFacts(request, read, of: facts, market, at: now)
        prices.apply(to: &found)
        return found
    }

    func useFacts(
        _ request: UseRequest, as other: OtherReading, _ market: Market, at now: Timestamp
    ) -> UseFacts {
        var found = UseFacts(request, as: other, of: facts, market, at: now)
        prices.apply(to: &found)
        return found
    }

    /// Readings at other routes that the exchange would take of this key, as far as is known.
    func reachable(_ others: [OtherReading]) -> [OtherReading] {
        guard let granted = usable.granted else { return others }
        return others.filter { $0.permissions.isEmpty || !$0.permissions.isDisjoint(with: granted) }
    }

    /// Which prices must be known before it can be judged.
    func priceNeeds(_ facts: UseFacts) -> PriceNeeds {
        guard asksPrices, !facts.meaning.orders.isEmpty else { return PriceNeeds() }
        return policies.priceNeeds(facts, JudgedOrders(facts))
    }

    /// Whether all limits let it pass.
    func fits(_ charges: [LimitCharge], in counters: LimitCounters) -> Bool {
        charges.allSatisfy { charge in
            charge.fits(used: counters.used(counter(charge), windowSeconds: charge.windowSeconds))
        }
    }

    /// Adds the verdicts of limits, by what is used up.
    func count(_ counters: LimitCounters, in judgement: inout PolicyJudgement) {
        for charge in judgement.charges {
            let used = counters.used(counter(charge), windowSeconds: charge.windowSeconds)
            judgement.add(.limit(charge, used: used))
        }
    }
}
