import Access
import Exchanges
import JSON
import Kernel
import TestSupport
import Testing

@testable import Signing

/// Prices for policy that Keybell itself reads from the exchange at which the key trades.
@Suite struct PulledPriceTests {
    private static func policy(_ orders: String) -> String {
        #"{"operations":["read","trade","cancel"],"ways":["sign","proxy"],"orders":{\#(orders)}}"#
    }

    private static let notional = policy(#""max_notional":{"amount":"5000","currency":"USD"}"#)
    private static let distance = policy(#""max_price_distance_percent":"3""#)

    private func run(
        _ policy: String, btc: String? = "50000",
        _ body: @Sendable @escaping (SigningDesk, _ key: String) async throws -> Void
    ) async throws {
        try await SigningDesk.run { desk in
            desk.exchange.says(200, #"{"orderId":1}"#)
            desk.exchange.trades("BTCUSDT", at: btc)
            try await body(desk, try await desk.key("priced", policy: policy))
        }
    }

    @Test func `a market order is worth what the exchange trades at`() async throws {
        try await run(Self.notional) { desk, key in
            try await desk.order(key, .market("0.1"), answers: 200)
            let over = try await desk.order(key, .market("0.11"))
            #expect(over.status == 403)
            #expect(
                over.json["detail"]?.asString
                    == "5500 USD is more than 5000 USD, at 50000 (binance live spot BTCUSDT, 0 s old)")
            #expect(over.json["prices"]?[0]?["price"] == "50000", "\(over.text)")
            #expect(over.json["prices"]?[0]?["kind"] == "pulled")
        }
    }

    @Test func `a limit order must be near what the exchange trades at`() async throws {
        try await run(Self.distance) { desk, key in
            try await desk.order(key, .limit("51500"), answers: 200)
            let far = try await desk.order(key, .limit("51500.01"))
            #expect(far.status == 403)
            #expect(
                far.json["detail"]?.asString
                    == "51500.01 is more than 3 % away from 50000 (binance live spot BTCUSDT, 0 s old)")
            try await desk.order(key, .market("0.1"), answers: 200)
        }
    }

    @Test func `a price is read when it is asked for, and again after five seconds`() async throws {
        try await run(Self.distance) { desk, key in
            #expect(desk.exchange.tickersAsked == 0)
            for _ in 0..<3 { try await desk.order(key, .limit("50000"), answers: 200) }
            #expect(desk.exchange.tickersAsked == 1)
            desk.exchange.trades("BTCUSDT", at: "55000")
            desk.time.move(.seconds(4))
            try await desk.order(key, .limit("55000"), answers: 403)
            desk.time.move(.seconds(2))
            try await desk.order(key, .limit("55000"), answers: 200)
            #expect(desk.exchange.tickersAsked == 2)
        }
    }

    @Test func `nobody looks for a price that no clause asks for`() async throws {
        let limits = #"{"operations":["read","trade"],"limits":[{"count":"orders","max":"9","per":"1m"}]}"#
        try await run(limits) { desk, key in
            try await desk.order(key, .market("1"), answers: 200)
            #expect(try await desk.proxy(key, "GET", "/api/v3/account").status == 200)
            #expect(desk.exchange.tickersAsked == 0)
        }
        try await run(Self.notional) { desk, key in
            // Its own limit says what it is worth.
            try await desk.order(key, .limit("4000"), answers: 200)
            #expect(desk.exchange.tickersAsked == 0)
        }
    }

    @Test func `a price that is five minutes old opens nothing, and stops no exit`() async throws {
        try await run(Self.distance) { desk, key in
            try await desk.order(key, .limit("50000"), answers: 200)
            desk.exchange.trades("BTCUSDT", at: nil)
            desk.time.move(.seconds(290))
            try await desk.order(key, .limit("50000"), answers: 200)
            desk.time.move(.seconds(11))
            let refused = try await desk.order(key, .limit("50000"))
            #expect(refused.status == 403)
            #expect(
                refused.json["detail"]?.asString
                    == "there is no price for policy of BTCUSDT under 5 minutes old")
            let exit = try await desk.proxy(
                key, "POST", "/fapi/v1/order",
                query: "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&reduceOnly=true", host: "usdm")
            #expect(exit.status == 200, "\(exit.text)")
        }
    }

    @Test func `a policy that is published asks for prices with the very next order`() async throws {
        try await run(Self.policy("")) { desk, key in
            try await desk.order(key, .market("0.1"), answers: 200)
            let published = try await desk.call(
                "PUT", "/v1/keys/\(key)/policy", Self.notional, match: "\"1\"")
            #expect(published.status == 200)
            try await desk.order(key, .market("0.1"), answers: 200)
            #expect(desk.exchange.tickersAsked == 1)
            try await desk.order(key, .market("0.2"), answers: 403)
        }
    }

    @Test func `another currency is counted by the same exchange's price of it`() async throws {
        try await run(Self.notional) { desk, key in
            desk.exchange.trades("ETHBTC", at: "0.05")
            let order = "symbol=ETHBTC&side=BUY&type=MARKET&quantity="
            #expect(try await desk.proxy(key, "POST", "/api/v3/order", query: order + "2").status == 200)
            let over = try await desk.proxy(key, "POST", "/api/v3/order", query: order + "2.1")
            #expect(over.json["detail"]?.asString?.hasPrefix("5250 USD is more than 5000 USD") == true)
            let used = over.json["prices"]?.asArray?.compactMap { $0["of"]?.asString }
            #expect(used == ["BTCUSD", "ETHBTC"], "\(over.text)")
            desk.exchange.trades("ETHEUR", at: "2000")
            let euros = try await desk.proxy(
                key, "POST", "/api/v3/order", query: "symbol=ETHEUR&side=BUY&type=MARKET&quantity=1")
            #expect(
                euros.json["detail"]?.asString == "there is no price of EUR in USD under 5 minutes old",
                "\(euros.text)")
        }
    }

    @Test func `a dry run tells the price, but not to those who may not read policies`() async throws {
        try await run(Self.distance) { desk, key in
            let body = """
                {"method":"POST","host":"spot","path":"/api/v3/order",
                "query":"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price=50000"}
                """
            let tried = try await desk.call("POST", "/v1/keys/\(key)/sign/dry-run", body)
            #expect(tried.json["prices"]?[0]?["source"] == "binance live spot BTCUSDT", "\(tried.text)")
            #expect(tried.json["prices"]?[0]?["age_seconds"] == 0)
            let bot = desk.context([.keysSign])
            let told = try await desk.call("POST", "/v1/keys/\(key)/sign/dry-run", body, as: bot)
            #expect(told.json["verdict"] != nil && told.json["prices"] == [])
        }
    }

    @Test func `a replay judges by the price of then`() async throws {
        try await run(Self.policy(#""max_price_distance_percent":"10""#)) { desk, key in
            try await desk.order(key, .limit("54000"), answers: 200)
            desk.time.move(.minutes(30))
            desk.exchange.trades("BTCUSDT", at: "54000")
            let draft = try await desk.call("PUT", "/v1/keys/\(key)/policy/draft", Self.distance)
            #expect(draft.status == 200, "\(draft.text)")
            let replay = try await desk.call("POST", "/v1/keys/\(key)/policy/draft/replay", "{}")
            #expect(replay.json["newly_denied"] == 1, "\(replay.text)")
            #expect(
                replay.json["examples"]?[0]?["reason"]
                    == "54000 is more than 3 % away from 50000 (binance live spot BTCUSDT, 0 s old)")
        }
    }
}

// MARK: Steps

extension PulledPriceTests {
    @Test func `a step of more than a fifth suspends the ticker until somebody resumes it`() async throws {
        try await run(Self.distance) { desk, key in
            try await desk.order(key, .limit("50000"), answers: 200)
            desk.exchange.trades("BTCUSDT", at: "65000")
            desk.time.move(.seconds(6))
            for _ in 0..<2 {
                let refused = try await desk.order(key, .limit("65000"))
                #expect(
                    refused.json["detail"]?.asString
                        == "the source of prices binance live spot BTCUSDT is suspended, after a step of "
                        + "more than 20 %, until somebody resumes it")
                desk.time.move(.seconds(6))
            }
            let told = try await desk.events().filter { $0.type == "price_source.suspended" }
            #expect(told.count == 1)
            #expect(told.first?.data["from"] == "50000" && told.first?.data["to"] == "65000")
            let id = try await Self.onlyOne(desk, "suspended")
            let resumed = try await desk.call(
                "POST", "/v1/price-sources/\(id)/resume", #"{"reason":"It rose."}"#)
            #expect(resumed.json["state"] == "active", "\(resumed.text)")
            try await desk.order(key, .limit("65000"), answers: 200)
            let again = try await desk.call(
                "POST", "/v1/price-sources/\(id)/resume", #"{"reason":"It rose."}"#)
            #expect(again.code == "conflict")
        }
    }

    @Test func `what was resumed is not suspended for a price from before`() async throws {
        try await run(Self.distance) { desk, key in
            // Another node saw the step, and somebody looked at it: this one only knows the old price.
            try await desk.order(key, .limit("50000"), answers: 200)
            let other = PriceSourceBook(ledger: desk.ledger)
            let instrument = try #require(desk.market.dollars(of: "BTC", at: Self.place))
            let step = PriceStep(from: Decimal(exactly: 50_000), to: Decimal(exactly: 65_000))
            desk.time.move(.seconds(6))
            try await other.suspend(instrument, at: Self.place, step, since: desk.time.now)
            let id = try await Self.onlyOne(desk, "suspended")
            _ = try await desk.call("POST", "/v1/price-sources/\(id)/resume", #"{"reason":"It rose."}"#)
            desk.exchange.trades("BTCUSDT", at: "65000")
            try await desk.order(key, .limit("65000"), answers: 200)
        }
    }

    @Test func `an hour without a look is no step`() async throws {
        try await run(Self.distance) { desk, key in
            try await desk.order(key, .limit("50000"), answers: 200)
            desk.exchange.trades("BTCUSDT", at: "65000")
            desk.time.move(.seconds(3_601))
            try await desk.order(key, .limit("65000"), answers: 200)
        }
    }

    @Test func `a suspended ticker is not deleted, and a resumed one is`() async throws {
        try await run(Self.distance) { desk, key in
            try await desk.order(key, .limit("50000"), answers: 200)
            desk.exchange.trades("BTCUSDT", at: "10")
            desk.time.move(.seconds(6))
            try await desk.order(key, .limit("10"), answers: 403)
            let id = try await Self.onlyOne(desk, "suspended")
            #expect(try await desk.call("DELETE", "/v1/price-sources/\(id)").code == "conflict")
            _ = try await desk.call("POST", "/v1/price-sources/\(id)/resume", #"{"reason":"It fell."}"#)
            #expect(try await desk.call("DELETE", "/v1/price-sources/\(id)").status == 204)
            #expect(try await desk.call("GET", "/v1/price-sources/\(id)").status == 404)
        }
    }

    private static let place = MarketPlace(.binance, .live, host: "spot")

    private static func onlyOne(_ desk: SigningDesk, _ state: String) async throws -> String {
        let list = try await desk.call("GET", "/v1/price-sources?kind=pulled&state=\(state)")
        #expect(list.json["data"]?.asArray?.count == 1, "\(list.text)")
        return list.json["data"]?[0]?["id"]?.asString ?? ""
    }
}

extension SigningDesk {
    fileprivate struct Ticket {
        let query: String

        static func market(_ quantity: String) -> Ticket {
            Ticket(query: "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=\(quantity)")
        }

        static func limit(_ price: String) -> Ticket {
            Ticket(
                query: "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=\(price)")
        }
    }

    fileprivate func order(
        _ key: String, _ ticket: Ticket, answers status: Int, at place: SourceLocation = #_sourceLocation
    ) async throws {
        let answer = try await order(key, ticket)
        #expect(answer.status == status, "\(answer.text)", sourceLocation: place)
    }

    fileprivate func order(_ key: String, _ ticket: Ticket) async throws -> TestAnswer {
        try await proxy(key, "POST", "/api/v3/order", query: ticket.query)
    }
}
