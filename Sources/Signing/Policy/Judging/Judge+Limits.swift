import Exchanges
import Kernel

/// What limits count.
extension Judge {
    enum Counted {
        case charge(LimitCharge)
        /// It is not bound, or what to count is unknown.
        case verdict(ClauseVerdict)
    }

    /// - Parameter number: place in the policy's list, from 1.
    func charge(_ limit: UseLimit, number: Int) -> Counted {
        let clause = ClauseName.limit(number)
        do throws(UnknownValue) {
            guard let amount = try amount(limit) else { return .verdict(notApplicable(clause)) }
            return .charge(
                LimitCharge(
                    policy: policy.reference, limit: number, of: limit.of ?? policy.reference.owner,
                    count: limit.count, amount: amount, max: limit.max, windowSeconds: limit.per.seconds,
                    logOnly: isLogOnly(clause)))
        } catch {
            let (reason, isPassing) = (error.reason, error.isPassing)
            return .verdict(verdict(clause, false, isPassing: isPassing) { reason })
        }
    }

    /// Nil when the limit is not about this request.
    private func amount(_ limit: UseLimit) throws(UnknownValue) -> Int64? {
        if let operations = limit.operations, !operations.contains(facts.meaning.operation) { return nil }
        let counted = orders.bound(by: limit.scope).map(\.intent).filter { limit.counts($0, facts) }
        switch limit.count {
        case .requests:
            let isAny = limit.scope == .all && limit.symbols == nil
            return isAny || !counted.isEmpty ? 1 : nil
        case .orders: return counted.isEmpty ? nil : Int64(counted.count)
        case .notional:
            if counted.isEmpty { return nil }
            return try Notional.total(of: counted) { order throws(UnknownValue) in
                try OrderValue(order, facts).notional()
            }
        }
    }
}

extension UseLimit {
    /// An order that does not say its symbol counts for every one.
    func counts(_ order: OrderIntent, _ facts: UseFacts) -> Bool {
        guard let symbols, let symbol = order.symbol else { return true }
        return symbols.match(facts.names(of: symbol))
    }
}

extension [SymbolPattern] {
    /// Whether one of them is about a thing that has any of these names.
    func match(_ names: [String]) -> Bool {
        contains { pattern in names.contains { pattern.matches($0) } }
    }
}
