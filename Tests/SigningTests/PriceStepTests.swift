import Access
import Exchanges
import Kernel
import Testing

@testable import Signing

@Suite struct PriceStepTests {
    @Test(arguments: [
        ("100", "120", false), ("100", "120.0001", true), ("100", "80", false), ("100", "79.9999", true),
        ("0.00001", "0.000012", false), ("0.00001", "0.0000121", true), ("50000", "50000", false),
    ])
    func `a step of more than a fifth is too large, either way`(from: String, to: String, isTooLarge: Bool)
        throws
    {
        let step = PriceStep(from: try #require(Decimal(from)), to: try #require(Decimal(to)))
        #expect(step.isTooLarge == isTooLarge)
    }

    @Test func `a step is told in percent`() throws {
        #expect(PriceStep(from: Decimal(exactly: 50_000), to: Decimal(exactly: 65_000)).percent == 30)
        #expect(PriceStep(from: Decimal(exactly: 3), to: Decimal(exactly: 2)).percent == -33.3)
    }

    @Test(arguments: [
        (50_000, "50000"), (0.1, "0.1"), (1e-7, "0.0000001"), (1.25e17, "125000000000000000"),
        (123.456, "123.456"),
    ])
    func `a candle's price is as exact as it was written`(value: Double, text: String) {
        #expect(Decimal(shortest: value)?.description == text)
    }

    @Test func `nothing is as large as no decimal`() {
        #expect(Decimal(shortest: 1e300) == nil)
        #expect(Decimal(shortest: .infinity) == nil)
    }
}

@Suite struct PriceWriterTests {
    @Test(arguments: [
        ([], [], true), (["analyst"], [], true), (["analyst"], ["admin", "security"], true),
        (["bot"], [], false), (["trader"], [], false), (["owner"], [], false),
        (["analyst"], ["owner"], false),
        (["analyst"], ["trader"], false), (["analyst", "bot"], [], false), (["market-desk"], [], false),
    ])
    func `prices count of those who neither use keys nor are managed by one who does`(
        roles: [String], ownerRoles: [String], counts: Bool
    ) {
        #expect(PriceWriter(roles: roles, ownerRoles: ownerRoles).counts == counts)
    }
}

@Suite struct MarketBoardTests {
    private let now = Made.noon
    private let place = MarketPlace(.bybit, .live, host: "main")
    private let spot = Instrument("BTCUSDT", host: "main", .spot, base: "BTC", quote: "USDT")
    private let linear = Instrument("BTCUSDT", host: "main", .linear, base: "BTC", quote: "USDT")

    private func board(_ instruments: [Instrument]) -> MarketBoard {
        let board = MarketBoard()
        board.put(instruments, at: place, now)
        return board
    }

    private func view(_ board: MarketBoard, _ orders: [OrderIntent], after age: Period = .seconds(0))
        -> Market.View
    {
        let clock = Clock(now: { [now] in now + age }, monotonicNanoseconds: { 0 })
        return board.market(ExchangeClocks(), clock).view(place, orders)
    }

    private func price(_ value: Int, _ name: String = "own") -> PolicyPrice {
        PolicyPrice(Decimal(exactly: value), at: now, source: name)
    }

    private func pushed(_ value: Int) -> PolicyPrice {
        PolicyPrice(
            Decimal(exactly: value), at: now, source: "series", pushed: PriceSourceID(UUID(high: 1, low: 1)))
    }

    @Test func `one symbol has a price on spot and another as a contract`() {
        let board = board([spot, linear])
        board.put(price(50_000), of: spot, at: place)
        board.put(price(50_100), of: linear, at: place)
        #expect(view(board, [Made.order()]).prices["BTCUSDT"]?.value == 50_000)
        #expect(view(board, [Made.order(on: .margin)]).prices["BTCUSDT"]?.value == 50_000)
        #expect(view(board, [Made.order(on: .linear)]).prices["BTCUSDT"]?.value == 50_100)
    }

    @Test func `the exchange's own price wins until it is five minutes old`() {
        let board = board([spot])
        board.put(pushed: ["BTC": pushed(49_000)], instead: ["BTC"])
        #expect(view(board, [Made.order()]).prices["BTCUSDT"]?.value == 49_000)
        board.put(price(50_000), of: spot, at: place)
        #expect(view(board, [Made.order()]).prices["BTCUSDT"] == price(50_000))
        #expect(view(board, [Made.order()], after: .minutes(5)).prices["BTCUSDT"] == price(50_000))
        let series = view(board, [Made.order()], after: .seconds(301)).prices["BTCUSDT"]
        #expect(series?.value == 49_000 && series?.pushed == pushed(0).pushed)
        board.put(pushed: [:], instead: ["BTC"])
        #expect(view(board, [Made.order()], after: .seconds(301)).prices["BTCUSDT"] == nil)
    }

    @Test func `a series takes no suspended ticker's place`() throws {
        let board = board([spot])
        board.put(pushed: ["BTC": pushed(49_000)], instead: ["BTC"])
        var standing = PriceStanding()
        standing.count(try #require(pushed(0).pushed))
        var facts = Made.facts([Made.order()])
        facts.prices = view(board, [Made.order()]).prices
        standing.apply(to: &facts)
        #expect(facts.prices["BTCUSDT"]?.value == 49_000)
        standing.suspend("bybit live main BTCUSDT")
        standing.apply(to: &facts)
        #expect(facts.prices.isEmpty)
        #expect(facts.withheldPrices == ["BTCUSDT": "bybit live main BTCUSDT"])
    }

    @Test func `a series in dollars prices nothing that is quoted in another currency`() {
        let board = board([Instrument("ETHBTC", host: "main", .spot, base: "ETH", quote: "BTC")])
        board.put(pushed: ["ETH": pushed(2_500), "BTC": pushed(50_000)], instead: ["ETH", "BTC"])
        let prices = view(board, [Made.order(.buy, .market, "ETHBTC")]).prices
        #expect(prices["ETHBTC"] == nil)
        #expect(prices["BTCUSD"]?.value == 50_000)
    }

    @Test func `a currency is priced on spot before a contract, and in USDT before other dollars`() {
        let usdc = Instrument("BTCUSDC", host: "main", .spot, base: "BTC", quote: "USDC")
        #expect(board([linear, usdc, spot]).dollars(of: "BTC", at: place) == spot)
        #expect(board([linear, usdc]).dollars(of: "BTC", at: place) == usdc)
        #expect(board([linear]).dollars(of: "BTC", at: place) == linear)
        #expect(board([spot]).dollars(of: "ETH", at: place) == nil)
    }

    @Test func `one market has one price, whatever it is called`() {
        let kraken = MarketPlace(.kraken, .live, host: "spot")
        let names = ["XXBTZUSD", "XBTUSD", "XBT/USD"].map {
            Instrument($0, host: "spot", .spot, base: "BTC", quote: "USD")
        }
        let board = MarketBoard()
        board.put(names, at: kraken, now)
        board.put(price(50_000), of: names[0], at: kraken)
        for name in names { #expect(board.price(of: name, at: kraken) == price(50_000)) }
        #expect(Set(names.map { kraken.name(of: $0) }) == ["kraken live spot BTC/USD"])
        #expect(board.dollars(of: "BTC", at: kraken) == names[1])
    }

    @Test func `no more prices are kept than have room`() {
        let board = board([])
        for number in 0...MarketBoard.pricesAtMost {
            let instrument = Instrument("S\(number)", host: "main", .linear, base: "S", quote: "USDT")
            let at = now + .seconds(Int64(number))
            board.put(
                PolicyPrice(Decimal(exactly: 1), at: at, source: "own"), of: instrument, at: place)
        }
        let first = Instrument("S0", host: "main", .linear, base: "S", quote: "USDT")
        let second = Instrument("S1", host: "main", .linear, base: "S", quote: "USDT")
        #expect(board.price(of: first, at: place) == nil)
        #expect(board.price(of: second, at: place) != nil)
    }
}

@Suite struct PriceNeedsTests {
    private func needs(_ policy: String, _ orders: [OrderIntent]) throws -> PriceNeeds {
        let facts = Made.facts(orders)
        return try Made.set(policy).priceNeeds(facts, JudgedOrders(facts))
    }

    private static let notional =
        #"{"operations":["trade"],"orders":{"max_notional":{"amount":"5000","currency":"USD"}}}"#
    private static let distance = #"{"operations":["trade"],"orders":{"max_price_distance_percent":"3"}}"#

    @Test func `a price distance asks for the price of every opening order`() throws {
        let exit = Made.order(.sell, .market, "BTCUSDT-P", on: .linear) { $0.isReduceOnly = true }
        #expect(try needs(Self.distance, [Made.order(), exit]).symbols == ["BTCUSDT"])
        let all = Self.distance.replacing(#""3""#, with: #""3","applies_to":"all""#)
        #expect(try needs(all, [Made.order(), exit]).symbols == ["BTCUSDT", "BTCUSDT-P"])
    }

    @Test func `a notional asks for what no limit bounds, and for currencies`() throws {
        #expect(try needs(Self.notional, [Made.order()]).isEmpty)
        #expect(try needs(Self.notional, [Made.order(.sell)]).symbols == ["BTCUSDT"])
        #expect(try needs(Self.notional, [Made.order(.buy, .market)]).symbols == ["BTCUSDT"])
        let inverse = Made.order(.buy, .market, "BTCUSD-I", on: .inverse) { $0.unit = .contracts }
        #expect(try needs(Self.notional, [inverse]).isEmpty)
        let euros = try needs(Self.notional, [Made.order(.buy, .limit, "BTCEUR")])
        #expect(euros.symbols == [] && euros.currencies == ["EUR"])
        #expect(euros.names == ["EURUSD"])
    }

    @Test(arguments: [
        #"{"operations":["trade"]}"#, #"{"operations":["trade"],"orders":{"symbols":["BTCUSDT"]}}"#,
        #"{"operations":["trade"],"limits":[{"count":"orders","max":"5","per":"1m"}]}"#,
        #"{"operations":["trade"],"when":"request.order.quantity < decimal('5')"}"#,
    ])
    func `a policy that no price can change asks for none`(policy: String) throws {
        #expect(try !Made.set(policy).asksPrices)
        #expect(try needs(policy, [Made.order(.buy, .market)]).isEmpty)
    }

    @Test(arguments: [
        #""limits":[{"count":"notional","max":{"amount":"5","currency":"USD"},"per":"1m"}]"#,
        #""when":"request.order.notional_usd < decimal('5')""#,
        #""deny":[{"name":"a","when":"has(request.order) && request.order.notional_usd == null"}]"#,
    ])
    func `a limit on notional, and a condition about it, ask as well`(clause: String) throws {
        let policy = #"{"operations":["trade"],\#(clause)}"#
        #expect(try needs(policy, [Made.order(.buy, .market)]).symbols == ["BTCUSDT"])
    }

    @Test func `a source that does not count is told by its name`() throws {
        var standing = PriceStanding()
        standing.suspend("a source")
        var facts = Made.facts([Made.order()])
        standing.apply(to: &facts)
        #expect(facts.prices.isEmpty)
        let judgement = try Made.set(Self.distance).judge(facts)
        #expect(
            judgement.reason("orders.max_price_distance_percent")
                == "the source of prices a source is suspended, after a step of "
                + "more than 20 %, until somebody resumes it")
    }
}
