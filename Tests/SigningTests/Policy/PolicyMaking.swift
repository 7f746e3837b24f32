import Access
import Exchanges
import JSON
import Kernel
import Keys
import Signing
import Testing

/// Requests and policies for tests.
enum Made {
    /// 2026-01-05 is a Monday.
    static let noon = Timestamp(seconds: 1_767_614_400)

    static func decimal(_ text: String) throws -> Decimal { try #require(Decimal(text)) }

    static func policy(_ json: String, of owner: PolicyOwner = .key) throws -> Policy {
        try Policy(Fields(Array(json.utf8)), of: owner)
    }

    /// Pointers and codes of a document's mistakes, sorted.
    static func mistakes(_ json: String, of owner: PolicyOwner = .key) throws -> [String] {
        do {
            _ = try policy(json, of: owner)
            return []
        } catch let errors as FieldErrors {
            return errors.errors.map { "\($0.pointer) \($0.code)" }.sorted()
        }
    }

    static func key(_ status: KeyStatus = .active, _ permissions: [KeyPermission] = [.read, .tradeSpot])
        -> KeyFacts
    {
        KeyFacts(
            id: ExchangeKeyID(UUID(high: 1, low: 2)), label: "mm-btc spot", exchange: .binance,
            environment: .live, account: "main", tags: ["market-making"], permissions: permissions,
            status: status)
    }

    static func facts(_ meaning: RequestMeaning, from address: String? = "10.1.0.9") -> UseFacts {
        let bot = PrincipalID(.serviceAccount, UUID(high: 3, low: 4))
        let caller = Actor(principal: bot, accessToken: nil, address: address.flatMap { IPAddress($0) })
        var facts = UseFacts(
            .proxy, host: "spot", method: "POST", path: "/api/v3/order", meaning: meaning, key: key(),
            caller: caller, at: noon)
        facts.isListed = true
        for instrument in instruments { facts.instruments[instrument.symbol] = instrument }
        facts.prices = prices(["BTCUSDT": "50000", "BTCEUR": "45000", "EURUSD": "2", "BTCUSDT-P": "50000"])
        return facts
    }

    static func facts(_ orders: [OrderIntent], from address: String? = "10.1.0.9") -> UseFacts {
        facts(RequestMeaning(.trade, orders: orders), from: address)
    }

    static func prices(_ texts: [String: String], at time: Timestamp = noon) -> [String: PolicyPrice] {
        texts.compactMapValues { Decimal($0).map { PolicyPrice($0, at: time, source: "a source") } }
    }

    static let instruments: [Instrument] = {
        var spot = Instrument("BTCUSDT", host: "spot", .spot, base: "BTC", quote: "USDT")
        spot.lotStep = Decimal("0.001")
        spot.tickSize = Decimal("0.5")
        spot.minQuantity = Decimal("0.002")
        spot.maxQuantity = Decimal("100")
        spot.minNotional = Decimal("10")
        var linear = Instrument("BTCUSDT-P", host: "usdm", .linear, base: "BTC", quote: "USDT")
        linear.contractValue = Decimal("0.01")
        var inverse = Instrument(
            "BTCUSD-I", host: "coinm", .inverse, base: "BTC", quote: "USD", settle: "BTC")
        inverse.contractValue = Decimal("100")
        inverse.contractUnit = .quote
        return [
            spot, linear, inverse, Instrument("BTCEUR", host: "spot", .spot, base: "BTC", quote: "EUR"),
            Instrument("BTC-C", host: "options", .option, base: "BTC", quote: "USDT"),
        ]
    }()

    /// `buy limit BTCUSDT 0.1 at 50000`, with more set by the caller.
    static func order(
        _ side: OrderIntent.Side? = .buy, _ kind: OrderIntent.Kind = .limit, _ symbol: String? = "BTCUSDT",
        on instrument: OrderIntent.Instrument = .spot, quantity: String? = "0.1", price: String? = "50000",
        _ change: (inout OrderIntent) -> Void = { _ in }
    ) -> OrderIntent {
        var order = OrderIntent(symbol, side, kind, on: instrument)
        order.quantity = quantity.flatMap { Decimal($0) }
        order.price = kind == .market ? nil : price.flatMap { Decimal($0) }
        change(&order)
        return order
    }

    static func set(
        _ key: String, account: String? = nil, desk: String? = nil
    ) throws -> PolicySet {
        try PolicySet(
            key: PolicyInForce(.key, version: 3, policy(key)),
            account: account.map { PolicyInForce(.account, version: 4, try policy($0, of: .account)) },
            desk: desk.map { PolicyInForce(.desk, version: 5, try policy($0, of: .desk)) })
    }
}

extension PolicyJudgement {
    /// Names of the clauses that deny.
    var denials: [String] { clauses.filter(\.denies).map(\.clause.description) }

    func reason(_ clause: String) -> String? {
        clauses.first { $0.clause.description == clause && $0.verdict == .denied }?.reason
    }

    func verdict(_ clause: String) -> ClauseVerdict.Verdict? {
        clauses.first { $0.clause.description == clause }?.verdict
    }
}
