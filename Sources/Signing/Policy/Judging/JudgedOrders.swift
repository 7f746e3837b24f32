import Exchanges
import Kernel

extension OrderIntent {
    /// The exchange itself lets it only lessen a position. On spot no exchange keeps such a promise.
    var isExit: Bool { instrument != .spot && (isReduceOnly || closesPosition) }
}

/// The orders of a request, and which of them could open or enlarge a position.
struct JudgedOrders {
    struct Order {
        /// From 1; nil when it is the only one.
        let number: Int?
        let intent: OrderIntent
        let isOpening: Bool
    }

    let all: [Order]

    init(_ facts: UseFacts) {
        guard facts.meaning.operation == .trade else {
            all = []
            return
        }
        let orders = facts.meaning.orders
        var sales = SpotSales(facts)
        all = orders.enumerated().map { place, intent in
            Order(
                number: orders.count > 1 ? place + 1 : nil, intent: intent,
                isOpening: !intent.isExit && !sales.isOfHolding(intent))
        }
    }

    func bound(by scope: ClauseScope) -> [Order] { scope == .all ? all : all.filter(\.isOpening) }
}

/// Sales on spot of what is held: all of one request together must not sell more than there is.
private struct SpotSales {
    private let facts: UseFacts
    private var left: [String: Decimal]
    /// What each group of alternatives has taken so far: only the largest of them is filled.
    private var taken: [Int: Decimal] = [:]

    init(_ facts: UseFacts) { (self.facts, left) = (facts, facts.holdings ?? [:]) }

    mutating func isOfHolding(_ order: OrderIntent) -> Bool {
        guard order.instrument == .spot, order.side == .sell, order.unit == .base,
            let quantity = order.quantity, quantity > .zero, let symbol = order.symbol,
            let instrument = facts.instruments[symbol], instrument.fits(order.instrument),
            let held = left[instrument.base]
        else { return false }
        let before = order.alternative.flatMap { taken[$0] } ?? .zero
        guard let more = quantity.subtracting(before) else { return false }
        guard more > .zero else { return true }
        guard let rest = held.subtracting(more), !rest.isNegative else { return false }
        left[instrument.base] = rest
        if let group = order.alternative { taken[group] = quantity }
        return true
    }
}
