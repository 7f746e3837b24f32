package import Exchanges

/// What policies say of a request, clause by clause.
package struct PolicyJudgement: Sendable, Equatable {
    package let operation: RequestOperation
    package private(set) var clauses: [ClauseVerdict]
    /// What the limits' counters would be charged. `add` takes their verdicts.
    package private(set) var charges: [LimitCharge]
    /// Whether an answer that carries credentials is let through.
    package let revealsCredentials: Bool
    /// What clauses were told of the market.
    package let prices: [UsedPrice]
    /// What all its orders are worth, as far as that could be said.
    let notional: Notional?

    init(
        _ operation: RequestOperation, _ clauses: [ClauseVerdict], charges: [LimitCharge],
        revealsCredentials: Bool, prices: [UsedPrice] = [], notional: Notional? = nil
    ) {
        (self.operation, self.clauses, self.prices) = (operation, clauses, prices)
        self.notional = notional
        (self.charges, self.revealsCredentials) = (charges, revealsCredentials)
    }

    /// One that denies is enough.
    package var isAllowed: Bool { !clauses.contains { $0.denies } }

    /// The first that denies.
    package var denial: ClauseVerdict? { clauses.first { $0.denies } }

    /// The names of all that deny, each once: who breaks more than one hides none of them.
    package var denyingNames: [String] { names { $0.denies } }

    /// The same of those that would have denied it, if they did not only report.
    package var reportingNames: [String] { names { $0.verdict == .denied && $0.logOnly } }

    private func names(_ isMeant: (ClauseVerdict) -> Bool) -> [String] {
        var names: [String] = []
        for verdict in clauses where isMeant(verdict) {
            let name = verdict.clause.description
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// Whether it is denied for nothing but what could not be learnt just now.
    package var isPassing: Bool {
        let denials = clauses.filter(\.denies)
        return !denials.isEmpty && denials.allSatisfy(\.isPassing)
    }

    /// Whether nothing but an approval is missing.
    var lacksApprovalOnly: Bool {
        let denials = clauses.filter(\.denies)
        return !denials.isEmpty && denials.allSatisfy { $0.clause == .approval }
    }

    package mutating func add(_ verdict: ClauseVerdict) { clauses.append(verdict) }

    /// Of each limit the larger of both.
    mutating func chargeAtLeast(_ others: [LimitCharge]) {
        for other in others {
            guard
                let place = charges.firstIndex(where: { $0.policy == other.policy && $0.limit == other.limit }
                )
            else {
                charges.append(other)
                continue
            }
            if other.amount > charges[place].amount { charges[place] = other }
        }
    }
}
