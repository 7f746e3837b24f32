import Exchanges

/// The prices without which a request cannot be judged: of what its orders are about, and of currencies.
struct PriceNeeds: Sendable, Equatable {
    /// As orders name them.
    var symbols: Set<String> = []
    /// What is neither the dollar nor counted as one.
    var currencies: Set<String> = []

    var isEmpty: Bool { symbols.isEmpty && currencies.isEmpty }

    func isCovered(by other: PriceNeeds) -> Bool {
        symbols.isSubset(of: other.symbols) && currencies.isSubset(of: other.currencies)
    }

    /// As facts name prices.
    var names: [String] { symbols.union(currencies.map(PolicyPrice.name)).sorted() }
}

extension PolicySet {
    /// False for policies that no price can change the word of: nobody looks for one then.
    var asksPrices: Bool {
        key?.policy.asksPrices == true || account?.policy.asksPrices == true
            || desk?.policy.asksPrices == true
    }

    func priceNeeds(_ facts: UseFacts, _ orders: JudgedOrders) -> PriceNeeds {
        var needs = PriceNeeds()
        for policy in all where policy.policy.asksPrices {
            let policy = policy.policy
            if let bounds = policy.orders {
                let bound = orders.bound(by: bounds.scope)
                if bounds.maxPriceDistancePercent != nil { needs.add(symbolsOf: bound) }
                if bounds.maxNotional != nil { needs.add(valuesOf: bound, facts) }
            }
            for limit in policy.limits where limit.count == .notional {
                needs.add(
                    valuesOf: orders.bound(by: limit.scope).filter { limit.counts($0.intent, facts) }, facts)
            }
            for condition in policy.conditions where condition.asksNotional {
                needs.add(valuesOf: orders.bound(by: condition.scope), facts)
            }
        }
        return needs
    }
}

extension PriceNeeds {
    fileprivate mutating func add(symbolsOf orders: [JudgedOrders.Order]) {
        symbols.formUnion(orders.compactMap(\.intent.symbol))
    }

    fileprivate mutating func add(valuesOf orders: [JudgedOrders.Order], _ facts: UseFacts) {
        for order in orders {
            let value = OrderValue(order.intent, facts)
            if value.needsMarketPrice, let symbol = order.intent.symbol { symbols.insert(symbol) }
            if let currency = value.foreignCurrency { currencies.insert(currency) }
        }
    }
}

extension Policy {
    fileprivate var conditions: [PolicyCondition] { (when.map { [$0] } ?? []) + deny.map(\.when) }

    fileprivate var asksPrices: Bool {
        orders?.maxPriceDistancePercent != nil || orders?.maxNotional != nil
            || limits.contains { $0.count == .notional } || when?.asksNotional == true
            || deny.contains { $0.when.asksNotional }
    }
}
