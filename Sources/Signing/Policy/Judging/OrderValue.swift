import Exchanges
import Kernel

/// Why what an order is worth cannot be said: a sentence.
struct UnknownValue: Error, Equatable {
    let reason: String
    /// Nobody could learn it just now; asked again, it may be known.
    var isPassing = false

    static func noPrice(of symbol: String?) -> UnknownValue {
        let name = symbol.map { Judge.shown($0) } ?? "an unnamed symbol"
        return UnknownValue(
            reason: "there is no price for policy of \(name) under 5 minutes old", isPassing: true)
    }

    static func suspended(_ source: String) -> UnknownValue {
        UnknownValue(
            reason:
                "the source of prices \(Judge.shown(source)) is suspended, after a step of more than 20 %, "
                + "until somebody resumes it", isPassing: true)
    }
}

/// What an order is worth at its worst: quantity × contract value × price, exactly.
struct OrderValue {
    private let order: OrderIntent
    private let facts: UseFacts
    private let isRecord: Bool

    /// - Parameter isRecord: its own limit is enough where nobody knows the market's price: nothing is judged
    ///   by it.
    init(_ order: OrderIntent, _ facts: UseFacts, isRecord: Bool = false) {
        (self.order, self.facts, self.isRecord) = (order, facts, isRecord)
    }

    func instrument() throws(UnknownValue) -> Instrument {
        guard let symbol = order.symbol else {
            throw UnknownValue(reason: order.lacks("symbol"))
        }
        guard let instrument = facts.instruments[symbol], instrument.fits(order.instrument) else {
            guard facts.isListed else {
                throw UnknownValue(
                    reason: "the exchange's list of instruments could not be read", isPassing: true)
            }
            throw UnknownValue(
                reason: "\(Judge.shown(symbol)) is no known \(order.instrument.rawValue) instrument")
        }
        return instrument
    }

    /// The price for policy of what is traded, in its quote currency.
    func marketPrice() -> PolicyPrice? {
        order.symbol.flatMap { facts.prices[$0] }.flatMap { $0.isFresh(at: facts.at) ? $0 : nil }
    }

    /// Whether what it is worth hangs on the market.
    var needsMarketPrice: Bool {
        guard let instrument = try? instrument(), instrument.kind != .option, !isBounded else { return false }
        switch order.unit {
        case .quote: return false
        case .base, .baseOrQuote: return true
        case .contracts: return instrument.contractUnit == .base
        }
    }

    /// What it is paid in, unless that counts as the dollar.
    var foreignCurrency: String? {
        guard let quote = try? instrument().quote, !PolicyPrice.isDollar(quote) else { return nil }
        return quote
    }

    func notional() throws(UnknownValue) -> Notional {
        let instrument = try instrument()
        let amount = try amount(of: instrument)
        let rate = try rate(of: instrument.quote)
        guard let dollars = amount.multiplied(by: rate) else { throw Self.tooLarge }
        return Notional(dollars)
    }

    // MARK: Inside

    private static let tooLarge = UnknownValue(reason: "its notional has more digits than can be counted")

    /// In the quote currency.
    private func amount(of instrument: Instrument) throws(UnknownValue) -> Decimal {
        if instrument.kind == .option {
            throw UnknownValue(reason: "the notional of an option is not counted")
        }
        guard let quantity = order.quantity?.magnitude else {
            throw UnknownValue(reason: order.lacks("quantity"))
        }
        switch order.unit {
        case .quote: return quantity
        case .base: return try product(quantity, worstPrice())
        case .baseOrQuote: return max(quantity, try product(quantity, worstPrice()))
        case .contracts:
            guard let value = instrument.contractValue, value > .zero else {
                throw UnknownValue(reason: "the value of a contract of \(instrument.symbol) is unknown")
            }
            let worth = try product(quantity, value)
            return instrument.contractUnit == .quote ? worth : try product(worth, worstPrice())
        }
    }

    private func product(_ a: Decimal, _ b: Decimal) throws(UnknownValue) -> Decimal {
        guard let product = a.multiplied(by: b) else { throw Self.tooLarge }
        return product
    }

    private var limit: Decimal? { order.kind.hasLimit ? order.price : nil }

    /// A limit bounds a purchase from above and a sale from below only: a sale at any price can be filled at
    /// the market's, unless it never takes.
    private var isBounded: Bool { limit != nil && (order.side == .buy || order.neverTakes) }

    /// The dearest at which it may be filled, as far as anybody knows. What is bounded is worth its bound,
    /// whether or not somebody else's order has just made us look at the market.
    private func worstPrice() throws(UnknownValue) -> Decimal {
        if order.kind.hasLimit, limit == nil {
            throw UnknownValue(reason: order.lacks("price"))
        }
        if isBounded, let limit { return limit.magnitude }
        guard let market = marketPrice() else {
            if isRecord, let limit { return limit.magnitude }
            throw noPrice
        }
        let prices = [order.price, order.stopPrice, market.value].compactMap { $0?.magnitude }
        return prices.max() ?? .zero
    }

    var noPrice: UnknownValue {
        if let source = order.symbol.flatMap({ facts.withheldPrices[$0] }) { return .suspended(source) }
        return .noPrice(of: order.symbol)
    }

    private func rate(of currency: String) throws(UnknownValue) -> Decimal {
        if PolicyPrice.isDollar(currency) { return Decimal(exactly: 1) }
        let name = PolicyPrice.name(of: currency)
        guard let price = facts.prices[name], price.isFresh(at: facts.at) else {
            if let source = facts.withheldPrices[name] { throw .suspended(source) }
            throw UnknownValue(
                reason: "there is no price of \(currency) in USD under 5 minutes old", isPassing: true)
        }
        return price.value
    }
}

extension OrderIntent {
    /// Why something that it does not name cannot be judged. What an amendment leaves out stays as it was,
    /// and that only the exchange knows.
    func lacks(_ what: String) -> String {
        replaces
            ? "the amendment does not say its \(what): cancel the order, and place a new one"
            : "the order does not say its \(what)"
    }

    fileprivate var neverTakes: Bool { kind == .limitMaker || (kind == .limit && timeInForce == .postOnly) }
}

extension OrderIntent.Kind {
    var hasLimit: Bool {
        switch self {
        case .limit, .limitMaker, .stopLimit, .takeProfitLimit: true
        case .market, .stopMarket, .takeProfitMarket, .trailing, .other: false
        }
    }
}
