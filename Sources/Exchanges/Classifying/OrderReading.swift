import JSON
import Kernel

// What the order readings of several exchanges share.

typealias Side = OrderIntent.Side
typealias OrderKind = OrderIntent.Kind
typealias TimeInForce = OrderIntent.TimeInForce

extension OrderKind {
    /// Has a price that its writer names.
    var hasLimit: Bool {
        switch self {
        case .limit, .limitMaker, .stopLimit, .takeProfitLimit: true
        default: false
        }
    }
}

extension Side {
    var opposite: Side { self == .buy ? .sell : .buy }
}

extension Parameters {
    /// The order, if it says what an order must say: how much, and at what price where it is one of a price.
    func checked(_ order: OrderIntent) throws(MeaningProblem) -> OrderIntent {
        var order = order
        if order.timeInForce == .postOnly, order.kind == .limit { order.kind = .limitMaker }
        if order.kind == .limitMaker { order.timeInForce = .postOnly }
        let isWhole = !order.replaces
        if let quantity = order.quantity, quantity.isZero, !order.closesPosition {
            throw MeaningProblem(.body, place + "quantity", "must be more than nothing")
        }
        if isWhole, order.quantity == nil, !order.closesPosition, !order.isAttached {
            throw MeaningProblem(.body, place + "quantity", "is needed, in one of the fields for it")
        }
        if isWhole, order.kind.hasLimit, order.price == nil {
            throw MeaningProblem(.body, place + "price", "is needed with this type of order")
        }
        return order
    }

    /// What an order counts in one of several fields: exactly one may be there.
    func quantity(
        _ fields: KeyValuePairs<String, OrderIntent.Unit>, of order: inout OrderIntent
    ) throws(MeaningProblem) {
        for (name, unit) in fields {
            guard let value = try decimal(name) else { continue }
            guard order.quantity == nil else { throw problem(name, "says a second time how much") }
            (order.quantity, order.unit) = (value, unit)
        }
    }

    /// A price of nothing is none: some clients write it for market orders.
    /// - Parameter isUnread: the exchange takes no notice of it; it must be a number nevertheless.
    func price(_ name: String = "price", unless isUnread: Bool = false) throws(MeaningProblem) -> Decimal? {
        guard let price = try decimal(name), !price.isZero, !isUnread else { return nil }
        return price
    }

    /// Whether any of them is there and not empty.
    func says(_ names: String...) throws(MeaningProblem) -> Bool {
        for name in names where try text(name) != nil { return true }
        return false
    }

    /// What stands in one of two fields that mean the same.
    func first(_ name: String, _ other: String) throws(MeaningProblem) -> String? {
        guard let word = try word(name) else { return try self.word(other) }
        guard try self.word(other) == nil else { throw problem(other, "says the same a second time") }
        return word
    }

    /// What a part may repeat of the whole, it must repeat as it is there.
    func agree(_ name: String, with whole: String?) throws(MeaningProblem) {
        guard let own = try text(name) else { return }
        guard let whole, own.utf8.elementsEqual(whole.utf8) else {
            throw problem(name, "is another one than in the rest of the request")
        }
    }

    /// Refuses a parameter that is there and asks for more than an order does.
    func refuse(_ name: String, unless harmless: Set<String>, _ sentence: String) throws(MeaningProblem) {
        guard let word = try text(name), !harmless.contains(word) else { return }
        throw problem(name, sentence)
    }

    func refuseBorrowing(_ name: String, unless harmless: Set<String>) throws(MeaningProblem) {
        try refuse(name, unless: harmless, "would borrow, which is no order")
    }

    /// Where an exchange writes words or numbers for yes and no: of `true` nobody knows what it makes.
    func flag(_ name: String, _ yes: Set<String>, _ no: Set<String>) throws(MeaningProblem) -> Bool {
        guard let word = try word(name) else { return false }
        guard yes.contains(word) || no.contains(word) else { throw problem(name, "must say yes or no") }
        return yes.contains(word)
    }
}

extension Parameters {
    /// An order that never takes. One that is filled at once or not at all takes: of both, nobody knows which
    /// an exchange leaves out of account.
    func postOnly(_ name: String, _ order: inout OrderIntent) throws(MeaningProblem) {
        guard try flag(name) else { return }
        guard order.timeInForce != .ioc, order.timeInForce != .fok else {
            throw problem(name, "does not go with an order that takes at once")
        }
        order.timeInForce = .postOnly
    }

    /// The orders of a batch.
    func each(
        _ name: String, _ known: KnownNames,
        _ reading: (Parameters) throws(MeaningProblem) -> OrderIntent
    ) throws(MeaningProblem) -> [OrderIntent] {
        try all(name, known) { row throws(MeaningProblem) in [try reading(row)] }
    }

    /// The same, of rows that hold more than one.
    func all(
        _ name: String, _ known: KnownNames,
        _ reading: (Parameters) throws(MeaningProblem) -> [OrderIntent]
    ) throws(MeaningProblem) -> [OrderIntent] {
        var orders: [OrderIntent] = []
        for row in try rows(name, known: known) { orders += try reading(row).apart(from: orders) }
        return orders
    }
}
