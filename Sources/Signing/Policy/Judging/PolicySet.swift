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

    package var all: [PolicyInForce] {
        var all: [PolicyInForce] = []
        if let key { all.append(key) }
        if let account { all.append(account) }
        if let desk { all.append(desk) }
        return all
    }

    /// The verdict of every clause; what limits would be charged is said, and not known to be there.
    package func judge(_ facts: UseFacts) -> PolicyJudgement {
        let facts = facts.named()
        let orders = JudgedOrders(facts)
        var clauses = Standing(facts: facts, orders: orders).verdicts
        var charges: [LimitCharge] = []
        if key == nil {
            clauses.append(
                ClauseVerdict(.policy, .denied, reason: "the key has no policy, which allows nothing"))
        }
        for policy in all {
            let judge = Judge(policy: policy, facts: facts, orders: orders)
            clauses += judge.verdicts
            for (place, limit) in policy.policy.limits.enumerated() {
                switch judge.charge(limit, number: place + 1) {
                case .charge(let charge): charges.append(charge)
                case .verdict(let verdict): clauses.append(verdict)
                }
            }
        }
        return PolicyJudgement(
            facts.meaning.operation, clauses, charges: charges, revealsCredentials: reveals)
    }

    private var reveals: Bool {
        key?.policy.reveals == true && account?.policy.reveals != false && desk?.policy.reveals != false
    }
}
