import Exchanges

/// A published policy.
package final class PolicyInForce: Sendable, Equatable {
    package let reference: PolicyReference
    package let policy: Policy

    package init(_ owner: PolicyOwner, version: Int, _ policy: Policy) {
        (reference, self.policy) = (PolicyReference(owner, version: version), policy)
    }

    package static func == (a: PolicyInForce, b: PolicyInForce) -> Bool {
        a === b || (a.reference == b.reference && a.policy == b.policy)
    }
}

/// The policies that a request is judged by: it must be allowed by its key's, and not be denied by its
/// account's and the desk's. Without one, a key may do nothing.
package struct PolicySet: Sendable, Equatable {
    package var key: PolicyInForce?
    package var account: PolicyInForce?
    package var desk: PolicyInForce?

    package init(key: PolicyInForce?, account: PolicyInForce? = nil, desk: PolicyInForce? = nil) {
        (self.key, self.account, self.desk) = (key, account, desk)
    }

    /// With another policy in one place, as the version after the one that stands there.
    func with(_ policy: Policy, of owner: PolicyOwner) -> PolicySet {
        var set = self
        let version = (all.first { $0.reference.owner == owner }?.reference.version ?? 0) + 1
        let new = PolicyInForce(owner, version: version, policy)
        switch owner {
        case .key: set.key = new
        case .account: set.account = new
        case .desk: set.desk = new
        }
        return set
    }

    package var all: [PolicyInForce] {
        var all: [PolicyInForce] = []
        if let key { all.append(key) }
        if let account { all.append(account) }
        if let desk { all.append(desk) }
        return all
    }

    private static let clausesMostly = 8

    /// The verdict of every clause; what limits would be charged is said, and not known to be there.
    package func judge(_ facts: UseFacts) -> PolicyJudgement {
        let facts = facts.meaning.orders.isEmpty ? facts : facts.named()
        let orders = JudgedOrders(facts)
        var clauses: [ClauseVerdict] = []
        clauses.reserveCapacity(Self.clausesMostly)
        Standing(facts: facts, orders: orders).judge(into: &clauses)
        var charges: [LimitCharge] = []
        if key == nil {
            clauses.append(
                ClauseVerdict(.policy, .denied, reason: "the key has no policy, which allows nothing"))
        }
        for policy in all {
            let judge = Judge(policy: policy, facts: facts, orders: orders)
            judge.judge(into: &clauses)
            for (place, limit) in policy.policy.limits.enumerated() {
                switch judge.charge(limit, number: place + 1) {
                case .charge(let charge): charges.append(charge)
                case .verdict(let verdict): clauses.append(verdict)
                }
            }
        }
        return PolicyJudgement(
            facts.meaning.operation, clauses, charges: charges, revealsCredentials: reveals,
            prices: usedPrices(facts, orders), notional: Self.worth(of: orders, facts, charges))
    }

    /// By what is at hand: nobody looks for a price because of it.
    private static func worth(
        of orders: JudgedOrders, _ facts: UseFacts, _ charges: [LimitCharge]
    ) -> Notional? {
        let charged = charges.lazy.filter { $0.count == .notional }.map(\.amount).max()
        // Of a single order a limit has counted all.
        if let charged, orders.all.count == 1 { return Notional(microdollars: charged) }
        return Notional.told(of: orders.all.map(\.intent), facts)
            ?? charged.map { Notional(microdollars: $0) }
    }

    private func usedPrices(_ facts: UseFacts, _ orders: JudgedOrders) -> [UsedPrice] {
        guard asksPrices, !orders.all.isEmpty else { return [] }
        return priceNeeds(facts, orders).names.compactMap { name in
            facts.prices[name].flatMap { price in
                guard price.isFresh(at: facts.at) else { return nil }
                return UsedPrice(name: name, price: price, ageSeconds: price.age(at: facts.at))
            }
        }
    }

    private var reveals: Bool {
        key?.policy.reveals == true && account?.policy.reveals != false && desk?.policy.reveals != false
    }
}
