import Exchanges
import Kernel
import Signing
import Testing

@Suite struct NotionalTests {
    /// What the order is worth, as a condition sees it; nil when nobody knows.
    private func worth(_ order: OrderIntent, _ change: (inout UseFacts) -> Void = { _ in }) throws -> String?
    {
        var facts = Made.facts([order])
        change(&facts)
        let policy =
            """
            {"operations":["trade"],
             "limits":[{"count":"notional","max":{"amount":"9000000","currency":"USD"},"per":"1h"}]}
            """
        let judgement = try Made.set(policy).judge(facts)
        return judgement.charges.first.map { Notional(microdollars: $0.amount).amount.description }
    }

    struct Case: Sendable {
        let name: String
        let order: OrderIntent
        let worth: String?
    }

    private static let cases = [
        Case(name: "a purchase below the market", order: Made.order(price: "40000"), worth: "4000"),
        Case(name: "a purchase above the market", order: Made.order(price: "60000"), worth: "6000"),
        Case(name: "a sale below the market", order: Made.order(.sell, price: "1"), worth: "5000"),
        Case(name: "a sale above the market", order: Made.order(.sell, price: "60000"), worth: "6000"),
        Case(name: "at the market", order: Made.order(.buy, .market), worth: "5000"),
        Case(
            name: "an amount of the quote currency",
            order: Made.order(.buy, .market, quantity: "123.45") { $0.unit = .quote }, worth: "123.45"),
        Case(
            name: "base or quote, where one coin is worth more than a dollar",
            order: Made.order(.buy, .market, quantity: "3") { $0.unit = .baseOrQuote }, worth: "150000"),
        Case(
            name: "base or quote, where one coin is worth less",
            order: Made.order(.buy, .limit, quantity: "3", price: "0.5") { $0.unit = .baseOrQuote },
            worth: "3"),
        Case(
            name: "a stop above the market",
            order: Made.order(.buy, .stopMarket, price: nil) { $0.stopPrice = 70_000 }, worth: "7000"),
        Case(
            name: "a stop with a limit above it",
            order: Made.order(.buy, .stopLimit, price: "71000") { $0.stopPrice = 70_000 }, worth: "7100"),
        Case(
            name: "contracts worth coins",
            order: Made.order(.buy, .limit, "BTCUSDT-P", on: .linear, quantity: "10") {
                $0.unit = .contracts
            },
            worth: "5000"),
        Case(
            name: "contracts worth dollars, whatever the price",
            order: Made.order(.sell, .market, "BTCUSD-I", on: .inverse, quantity: "3") {
                $0.unit = .contracts
            },
            worth: "300"),
        Case(
            name: "another currency", order: Made.order(.buy, .market, "BTCEUR"), worth: "9000"),
        Case(
            name: "on margin", order: Made.order(.buy, .market, on: .margin), worth: "5000"),
        Case(
            name: "a negative quantity", order: Made.order(.sell, .market, quantity: "-0.1"), worth: "5000"),
        Case(name: "no quantity", order: Made.order(quantity: nil), worth: nil),
        Case(name: "a limit without a price", order: Made.order(price: nil), worth: nil),
        Case(name: "an option", order: Made.order(.buy, .limit, "BTC-C", on: .option), worth: nil),
        Case(
            name: "contracts without a value",
            order: Made.order(quantity: "1") { $0.unit = .contracts }, worth: nil),
        Case(
            name: "more digits than can be counted",
            order: Made.order(
                quantity: "123456789012345678.123456789012345678", price: "123456789012345.123456789"),
            worth: nil
        ),
        Case(name: "more than a counter holds", order: Made.order(quantity: "900000000000"), worth: nil),
    ]

    @Test(arguments: cases.map(\.name))
    func `an order is worth its worst`(name: String) throws {
        let found = try #require(Self.cases.first { $0.name == name })
        #expect(try worth(found.order) == found.worth)
    }

    @Test func `a fraction of a counter's unit is charged as one`() throws {
        #expect(try worth(Made.order(quantity: "0.00000000001", price: "60000")) == "0.000001")
        #expect(Notional(try Made.decimal("0.0000000000000000000000000001")).microdollars == 1)
        #expect(Notional(try Made.decimal("2.0000001")).microdollars == 2_000_001)
        #expect(Notional(0).microdollars == 0)
    }

    @Test(arguments: [
        // What needs no price of the market, and what does.
        (OrderIntent.Side.buy, OrderIntent.Kind.limit, nil as OrderIntent.TimeInForce?, true),
        (.sell, .limit, nil, false), (.sell, .limitMaker, nil, true), (.sell, .limit, .postOnly, true),
        (.buy, .market, nil, false), (.buy, .stopMarket, nil, false), (.buy, .trailing, nil, false),
        (.buy, .other, nil, false), (.buy, .stopLimit, nil, true), (.sell, .stopLimit, nil, false),
    ])
    func `without a price a limit bounds purchases, and sales that never take`(
        side: OrderIntent.Side, kind: OrderIntent.Kind, time: OrderIntent.TimeInForce?, isKnown: Bool
    ) throws {
        let order = Made.order(side, kind) { $0.timeInForce = time }
        #expect(try worth(order) { $0.prices = [:] } == (isKnown ? "5000" : nil))
    }

    @Test(arguments: [(0, true), (300, true), (301, false), (-300, true), (-301, false)])
    func `a price counts for five minutes`(age: Int64, isFresh: Bool) throws {
        let at = Made.noon - .seconds(age)
        let found = try worth(Made.order(.buy, .market)) {
            $0.prices = Made.prices(["BTCUSDT": "50000"], at: at)
        }
        #expect(found == (isFresh ? "5000" : nil))
    }

    @Test func `a price of nothing is none`() throws {
        #expect(try worth(Made.order(.buy, .market)) { $0.prices = Made.prices(["BTCUSDT": "0"]) } == nil)
    }

    @Test func `a currency that is no dollar needs its price`() throws {
        #expect(try worth(Made.order(.buy, .market, "BTCEUR")) { $0.prices["EURUSD"] = nil } == nil)
    }

    @Test func `a market order is refused where notional is limited and nobody knows the price`() throws {
        var facts = Made.facts([Made.order(.buy, .market)])
        facts.prices = [:]
        let policy = #"{"operations":["trade"],"orders":{"max_notional":{"amount":"5000","currency":"USD"}}}"#
        let judgement = try Made.set(policy).judge(facts)
        #expect(judgement.denials == ["orders.max_notional"])
        #expect(
            judgement.reason("orders.max_notional")
                == "there is no price for policy of BTCUSDT under 5 minutes old")
        facts.meaning.orders = [Made.order()]
        #expect(try Made.set(policy).judge(facts).isAllowed)
    }

    @Test(arguments: [OrderIntent.Kind.limit, .market, .stopLimit])
    func `an order is refused where price distance is limited and nobody knows the price`(
        kind: OrderIntent.Kind
    ) throws {
        var facts = Made.facts([Made.order(.buy, kind)])
        let policy = #"{"operations":["trade"],"orders":{"max_price_distance_percent":"3"}}"#
        #expect(try Made.set(policy).judge(facts).isAllowed)
        facts.prices = [:]
        #expect(try Made.set(policy).judge(facts).denials == ["orders.max_price_distance_percent"])
    }

    @Test func `a price that the exchange sets, or that moves with the market, may be too far away`() throws {
        let policy = #"{"operations":["trade"],"orders":{"max_price_distance_percent":"3"}}"#
        let pegged = Made.order(.buy, .other) { $0.price = nil }
        let judgement = try Made.set(policy).judge(Made.facts([pegged]))
        #expect(
            judgement.reason("orders.max_price_distance_percent")
                == "how far its price is from the market is not known")
        // A slice of a large order that names its limit.
        #expect(try Made.set(policy).judge(Made.facts([Made.order(.buy, .other)])).isAllowed)
    }
}
