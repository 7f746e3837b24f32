import Exchanges
import JSON
import Kernel
import Keys
import Signing

/// Policies and requests by chance, the same for the same seed; small worlds, so that they meet.
struct RandomUse {
    private let generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func below(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }

    /// At least one of them, in their order.
    mutating func some<T>(_ values: [T]) -> [T] {
        let kept = values.filter { _ in chance(75) }
        return kept.isEmpty ? [pick(values)] : kept
    }

    // MARK: Policies, as documents

    mutating func document(of owner: PolicyOwner) -> String {
        var parts: [String] = []
        if owner == .key || chance(40) {
            parts.append(list("operations", RequestOperation.allCases.map(\.rawValue)))
        }
        if chance(60) { parts.append(list("ways", ["proxy", "sign"])) }
        if chance(30) { parts.append(list("hosts", ["spot", "usdm"])) }
        if chance(30) { parts.append(list("cidrs", ["10.1.0.0/16", "10.2.0.0/16"])) }
        if chance(60) { parts.append("\"orders\":{\(orders)}") }
        if chance(30) {
            let window = pick([
                #"{"from":"11:00","to":"14:00"}"#, #"{"from":"22:00","to":"02:00","days":["mon","tue"]}"#,
            ])
            parts.append("\"hours\":{\"windows\":[\(window)]\(scope(", "))}")
        }
        if chance(50) { parts.append(limits(of: owner)) }
        if chance(25) { parts.append(when) }
        if chance(25) { parts.append(deny) }
        if chance(10) { parts.append(#""streams":{"read_only":false}"#) }
        return "{" + parts.joined(separator: ",") + "}"
    }

    private mutating func list(_ name: String, _ values: [String]) -> String {
        "\"\(name)\":[" + some(values).map { "\"\($0)\"" }.joined(separator: ",") + "]"
    }

    private mutating func scope(_ comma: String) -> String {
        chance(30) ? comma + #""applies_to":"all""# : ""
    }

    private var orders: String {
        mutating get {
            var parts: [String] = []
            if chance(40) { parts.append(list("symbols", ["BTCUSDT", "BTC*", "*-P", "ETH*"])) }
            if chance(30) { parts.append(list("sides", ["buy", "sell"])) }
            if chance(30) { parts.append(list("types", ["limit", "market", "limit_maker", "stop_market"])) }
            if chance(20) { parts.append(list("time_in_force", ["gtc", "ioc", "post_only"])) }
            if chance(20) { parts.append(list("instruments", ["spot", "linear", "inverse"])) }
            if chance(20) { parts.append(#""max_leverage":"3""#) }
            if chance(40) {
                parts.append(
                    "\"max_notional\":{\"amount\":\"\(pick(["100", "6000", "90000"]))\",\"currency\":\"USD\"}"
                )
            }
            if chance(30) { parts.append("\"max_price_distance_percent\":\"\(pick(["1", "25"]))\"") }
            if chance(30) { parts.append(#""applies_to":"all""#) }
            return parts.joined(separator: ",")
        }
    }

    private mutating func limits(of owner: PolicyOwner) -> String {
        let limits = (0...below(3)).map { _ -> String in
            let count = pick(["requests", "orders", "notional"])
            let max = count == "notional" ? #"{"amount":"20000","currency":"USD"}"# : "\"\(1 + below(9))\""
            let of = chance(20) ? #","of":"key""# : ""
            return
                "{\"count\":\"\(count)\",\"max\":\(max),\"per\":\"\(pick(["1m", "24h"]))\"\(of)\(scope(","))}"
        }
        return "\"limits\":[" + limits.joined(separator: ",") + "]"
    }

    private var when: String {
        mutating get {
            let source = pick([
                "request.order.side == 'buy'", "request.order.quantity < decimal('1')", "1 / 0 == 1",
                "request.order.leverage < decimal('5')", "true",
            ])
            return "\"when\":\"\(source)\""
        }
    }

    private var deny: String {
        mutating get {
            let sources = some([
                "caller.kind == 'user'", "request.host == 'usdm'", "1 / 0 == 1", "false",
                "has(request.order) && request.order.side == 'sell'",
            ])
            let rules = sources.enumerated().map { place, source in
                "{\"name\":\"rule\(place)\",\"when\":\"\(source)\"}"
            }
            return "\"deny\":[" + rules.joined(separator: ",") + "]"
        }
    }

    mutating func set() throws -> PolicySet {
        let account = chance(30) ? document(of: .account) : nil
        let desk = chance(30) ? document(of: .desk) : nil
        return try Made.set(document(of: .key), account: account, desk: desk)
    }

    // MARK: Requests

    mutating func facts() -> UseFacts {
        var meaning = RequestMeaning(chance(60) ? .trade : pick(RequestOperation.allCases))
        if meaning.operation == .trade {
            let exits = chance(30)
            meaning.orders = (0...below(3)).map { _ in exits ? exit() : order() }
        }
        if meaning.operation == .withdraw {
            meaning.withdrawal = WithdrawalIntent(
                asset: "BTC", network: nil, address: "bc1q", tag: nil, amount: nil)
        }
        meaning.admitsOrders = meaning.operation == .stream && chance(30)
        var facts = Made.facts(meaning, from: chance(90) ? pick(["10.1.0.9", "10.2.0.9", "10.3.0.9"]) : nil)
        facts.way = pick(UseWay.allCases)
        facts.host = pick(["spot", "usdm"])
        facts.at = Made.noon + .minutes(Int64(below(3_000)))
        let priced = facts.at - .seconds(Int64(below(330)))
        facts.prices = Made.prices(["BTCUSDT": "50000", "BTCUSDT-P": "50000", "BTCEUR": "45000"], at: priced)
        if chance(10) { facts.key.status = pick(KeyStatus.allCases) }
        if chance(30) { facts.holdings = ["BTC": 1] }
        return facts
    }

    /// What its exchange holds to reducing.
    private mutating func exit() -> OrderIntent {
        var order = order()
        if order.instrument == .spot { order.instrument = .margin }
        order.isReduceOnly = true
        return order
    }

    private mutating func order() -> OrderIntent {
        let symbol =
            chance(90) ? pick(["BTCUSDT", "BTCUSDT-P", "BTCUSD-I", "BTCEUR"]) : pick(["NEWUSDT", nil])
        let instrument: OrderIntent.Instrument =
            symbol == "BTCUSDT-P" ? .linear : symbol == "BTCUSD-I" ? .inverse : pick([.spot, .spot, .margin])
        var order = Made.order(
            chance(95) ? pick([.buy, .sell]) : nil, pick(OrderIntent.Kind.allCases), symbol, on: instrument,
            quantity: chance(90) ? pick(["0.01", "0.1", "2"]) : nil,
            price: chance(90) ? pick(["49000", "50000", "70000"]) : nil)
        order.isReduceOnly = chance(25)
        order.closesPosition = chance(10)
        if chance(30) { order.timeInForce = pick(OrderIntent.TimeInForce.allCases) }
        if chance(20) { order.leverage = pick([2, 10]) }
        if chance(20) { order.alternative = 1 }
        order.replaces = chance(10)
        return order
    }
}
