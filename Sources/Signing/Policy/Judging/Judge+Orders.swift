import Exchanges
import Kernel

/// Clauses about orders: each order by every clause.
extension Judge {
    func orderVerdicts(_ bounds: OrderBounds) -> [ClauseVerdict] {
        var verdicts = kindVerdicts(bounds)
        let sized = orders.bound(by: bounds.scope)
        if let most = bounds.maxLeverage { verdicts += leverage(most, sized) }
        if let most = bounds.maxNotional {
            verdicts += weigh(sized, .notional) { excess($0, over: most) }
        }
        if let percent = bounds.maxPriceDistancePercent {
            verdicts += weigh(sized, .priceDistance) { excess($0, furtherThan: percent) }
        }
        return verdicts
    }

    /// What an order says of itself binds exits, too.
    private func kindVerdicts(_ bounds: OrderBounds) -> [ClauseVerdict] {
        var verdicts: [ClauseVerdict] = []
        if let symbols = bounds.symbols {
            verdicts += about(orders.all, .symbols) { order in
                guard let symbol = order.symbol else { return order.lacks("symbol") }
                if symbols.match(facts.names(of: symbol)) { return nil }
                return "\(Self.shown(symbol)) is not among \(Self.list(symbols.map(\.text)))"
            }
        }
        if let sides = bounds.sides {
            verdicts += about(orders.all, .sides) { order in
                guard let side = order.side else { return order.lacks("side") }
                return Self.missing(side.rawValue, among: sides.map(\.rawValue))
            }
        }
        if let types = bounds.types {
            verdicts += about(orders.all, .types) {
                Self.missing($0.kind.rawValue, among: types.map(\.rawValue))
            }
        }
        if let times = bounds.timeInForce {
            verdicts += about(orders.all, .timeInForce) { order in
                guard let time = order.effectiveTimeInForce else { return nil }
                return Self.missing(time.rawValue, among: times.map(\.rawValue))
            }
        }
        return verdicts + placeVerdicts(bounds)
    }

    private func placeVerdicts(_ bounds: OrderBounds) -> [ClauseVerdict] {
        var verdicts: [ClauseVerdict] = []
        if let modes = bounds.marginModes { verdicts += marginMode(modes) }
        if let instruments = bounds.instruments {
            verdicts += about(orders.all, .instruments) {
                Self.missing($0.instrument.rawValue, among: instruments.map(\.rawValue))
            }
        }
        return verdicts
    }

    static func missing(_ value: String, among allowed: [String]) -> String? {
        allowed.contains(value) ? nil : "\(shown(value)) is not among \(list(allowed))"
    }

    // MARK: Sizes

    private func excess(_ order: OrderIntent, over most: Notional) -> UnknownValue? {
        do throws(UnknownValue) {
            let value = OrderValue(order, facts)
            let notional = try value.notional()
            guard notional.amount > most.amount else { return nil }
            let market = value.needsMarketPrice ? value.marketPrice() : nil
            let at = market.map { ", at \($0.told(at: facts.at))" } ?? ""
            return UnknownValue(reason: "\(notional) is more than \(most)\(at)")
        } catch {
            return error
        }
    }

    /// A market order has no price to be far off; that there is a price to compare with is asked of all. One
    /// that moves with the market, or that the exchange sets, may be anywhere.
    private func excess(_ order: OrderIntent, furtherThan percent: Decimal) -> UnknownValue? {
        let value = OrderValue(order, facts)
        guard let market = value.marketPrice() else { return value.noPrice }
        guard order.kind.hasLimit || order.kind == .other || order.price != nil else { return nil }
        guard let price = order.price else {
            let isOpen = order.kind == .other && !order.replaces
            return UnknownValue(
                reason: isOpen ? "how far its price is from the market is not known" : order.lacks("price"))
        }
        let distance = price.subtracting(market.value)?.magnitude.multiplied(by: Decimal(exactly: 100))
        guard let distance, let most = market.value.multiplied(by: percent) else {
            return UnknownValue(reason: "its price has more digits than can be compared")
        }
        guard distance > most else { return nil }
        return UnknownValue(
            reason: "\(price) is more than \(percent) % away from \(market.told(at: facts.at))")
    }
}

extension OrderIntent {
    /// Nil where there is none, or where an order that is replaced keeps its own. Unnamed, a limit order is
    /// good till cancelled on every exchange.
    var effectiveTimeInForce: TimeInForce? {
        if let timeInForce { return timeInForce }
        if kind == .limitMaker { return .postOnly }
        return kind.hasLimit && !replaces ? .gtc : nil
    }
}
