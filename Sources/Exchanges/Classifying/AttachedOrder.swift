import Kernel

/// What waits beside an order until that is filled. It is an order of its own, on the other side: unless an
/// exchange's documents say that it can only close a position, it may open one.
enum AttachedOrder {
    case profit, stop

    fileprivate func kind(hasLimit: Bool) -> OrderKind {
        switch self {
        case .profit: hasLimit ? .takeProfitLimit : .takeProfitMarket
        case .stop: hasLimit ? .stopLimit : .stopMarket
        }
    }
}

extension OrderIntent {
    /// As large as this order. Of one that counts its amount in quote nobody knows how much it fills: its
    /// size is not said then, and limits on notional deny it.
    func attached(_ kind: OrderKind) -> OrderIntent {
        var order = OrderIntent(symbol, side?.opposite, kind, on: instrument)
        order.isAttached = true
        if unit == .base || unit == .contracts { (order.quantity, order.unit) = (quantity, unit) }
        (order.positionSide, order.leverage, order.marginMode) = (positionSide, leverage, marginMode)
        order.replaces = replaces
        return order
    }

    /// Of profit and stop at most one is filled.
    /// - Parameter price: nil is the market.
    func attached(_ what: AttachedOrder, at trigger: Decimal?, price: Decimal?) -> OrderIntent {
        var order = attached(what.kind(hasLimit: price != nil))
        (order.stopPrice, order.price, order.alternative) = (trigger, price, 1)
        return order
    }

    /// A size of its own, where it is not certain that the exchange reads it: the larger of both holds.
    mutating func enlarge(to size: Decimal?) {
        guard let size, let quantity else { return }
        self.quantity = max(quantity, size)
    }
}

extension [OrderIntent] {
    /// None of them is an alternative to one of the others.
    func apart(from others: [OrderIntent]) -> [OrderIntent] {
        let last = others.compactMap(\.alternative).max() ?? 0
        return map { order in
            var order = order
            order.alternative = order.alternative.map { $0 + last }
            return order
        }
    }
}

extension Parameters {
    /// A profit or a stop; nil where neither its trigger nor its limit is there.
    /// - Parameter limit: without it, or where it is nothing, it is filled at the market.
    func attached(
        _ what: AttachedOrder, _ trigger: String, _ limit: String? = nil, to order: OrderIntent
    ) throws(MeaningProblem) -> OrderIntent? {
        let stop = try price(trigger)
        var price: Decimal?
        if let limit { price = try self.price(limit) }
        guard stop != nil || price != nil else { return nil }
        return order.attached(what, at: stop, price: price)
    }

    /// `takeProfit`, `tpOrderType` and `tpLimitPrice`, and the same of the stop.
    /// - Parameter types: of orders, and whether such a one has a price.
    func profitAndStop(
        of order: OrderIntent, _ types: [String: Bool], isFolding: Bool = false
    ) throws(MeaningProblem) -> [OrderIntent] {
        var orders: [OrderIntent] = []
        for (what, trigger, word) in [
            (AttachedOrder.profit, "takeProfit", "tp"), (.stop, "stopLoss", "sl"),
        ] {
            let hasLimit = try choice("\(word)OrderType", types, isFolding: isFolding)
            guard let found = try attached(what, trigger, "\(word)LimitPrice", to: order) else { continue }
            // An order that is changed keeps the type that it has.
            let takesLimit = hasLimit ?? order.replaces
            guard found.price == nil ? hasLimit != true : takesLimit else {
                throw problem("\(word)LimitPrice", "and \(word)OrderType go together")
            }
            orders.append(found)
        }
        return orders
    }
}
