import Kernel
import Testing

@testable import Exchanges
@testable import Signing

/// Whose budgets are drawn from, and whom a ban stops.
@Suite struct WeightBookTests {
    private static let now = Timestamp(milliseconds: 1_700_000_040_000)
    private static let spot = MarketPlace(.binance, .testnet, host: "spot")

    private func request(
        _ method: String = "GET", _ path: String = "/api/v3/account", query: String = "",
        at place: MarketPlace = spot, from address: String = "tokyo", account: String = "main"
    ) throws -> WeightRequest {
        let classifier = place.exchange.classifier
        let draft = try classifier.draft(
            of: IncomingRequest(
                method, host: place.host, path: path, query: query, contentType: nil, body: []))
        return WeightRequest(
            place, from: address, account: account, draft, classifier.meaning(of: draft))
    }

    /// As Binance tells what was used in this minute.
    private func use(_ weight: Int, _ request: WeightRequest, in book: WeightBook) throws {
        let ticket = try book.take(request, at: Self.now)
        let draft = try Self.spot.exchange.classifier.draft(
            of: IncomingRequest(
                "GET", host: "spot", path: "/api/v3/account", query: "", contentType: nil, body: []))
        let readings = ExchangeName.binance.readings(
            RateHeaders([("x-mbx-used-weight-1m", "\(weight)")]), of: draft, route: request.route,
            at: Self.now)
        book.settle(ticket, readings, nil, at: Self.now)
    }

    @Test func `weight is an address's, whatever the account, and each host has its own`() throws {
        let book = WeightBook()
        try use(5_990, try request(), in: book)
        for account in ["main", "other"] {
            #expect(throws: WeightRefusal.self) {
                try book.take(try request(account: account), at: Self.now)
            }
        }
        #expect(throws: Never.self) { try book.take(try request(from: "spare"), at: Self.now) }
        let futures = MarketPlace(.binance, .testnet, host: "usdm")
        #expect(throws: Never.self) {
            try book.take(try request("GET", "/fapi/v3/account", at: futures), at: Self.now)
        }
        #expect(throws: Never.self) { try book.take(try request("DELETE", "/api/v3/order"), at: Self.now) }
        #expect(throws: Never.self) { try book.take(try request(), at: Self.now + .minutes(1)) }
    }

    @Test func `a ban that was told by a clock that was ahead lasts no longer than it is long`() throws {
        let book = WeightBook()
        let stop = RateStop(.address, isBan: true, seconds: 120)
        book.note(stop, of: try request(), at: Self.now + .hours(1))
        #expect(throws: WeightRefusal.self) { try book.take(try request(), at: Self.now) }
        #expect(book.bans(at: { _ in Self.now }).map(\.left) == [.minutes(2)])
        #expect(throws: WeightRefusal.self) {
            try book.take(try request(), at: Self.now + .seconds(119))
        }
        #expect(throws: Never.self) { try book.take(try request(), at: Self.now + .minutes(2)) }
    }

    @Test func `what was given back was never taken`() throws {
        let book = WeightBook()
        for _ in 0..<1_000 { book.giveBack(try book.take(try request(), at: Self.now)) }
        #expect(book.lines(at: { _ in Self.now }).map(\.used) == [0])
    }

    @Test func `what an exchange tells is not guessed: without its word, nothing was used`() throws {
        let book = WeightBook()
        for _ in 0..<7_000 { book.settle(try book.take(try request(), at: Self.now), [], nil, at: Self.now) }
        #expect(book.lines(at: { _ in Self.now }).map(\.used) == [0])
    }

    @Test func `a ban stops everything from that address until its end, and nothing else`() throws {
        let book = WeightBook()
        let stop = try #require(
            ExchangeName.binance.stop(status: 418, code: "-1003", retryAfter: 120, route: "r"))
        book.note(stop, of: try request(), at: Self.now)
        let cancel = try request("DELETE", "/api/v3/order")
        for request in [try request(), try request(account: "other"), cancel] {
            let refusal = #expect(throws: WeightRefusal.self) { try book.take(request, at: Self.now) }
            #expect(refusal?.isBan == true && refusal?.waitSeconds == 120)
        }
        #expect(throws: Never.self) { try book.take(try request(from: "spare"), at: Self.now) }
        // A shorter one that comes later does not end it.
        let shorter = try #require(
            ExchangeName.binance.stop(status: 429, code: nil, retryAfter: 1, route: "r"))
        book.note(shorter, of: cancel, at: Self.now)
        #expect(book.bans(at: { _ in Self.now }).map(\.left) == [.minutes(2)])
        #expect(throws: WeightRefusal.self) { try book.take(cancel, at: Self.now + .seconds(119)) }
        #expect(throws: Never.self) { try book.take(cancel, at: Self.now + .seconds(120)) }
        #expect(book.bans(at: { _ in Self.now + .seconds(120) }).isEmpty)
    }

    @Test func `too many orders stop an account's orders, and no cancel`() throws {
        let book = WeightBook()
        let stop = try #require(
            ExchangeName.binance.stop(status: 429, code: "-1015", retryAfter: nil, route: "r"))
        book.note(stop, of: try request(), at: Self.now)
        #expect(throws: WeightRefusal.self) {
            try book.take(try request("POST", "/api/v3/order"), at: Self.now)
        }
        #expect(throws: Never.self) { try book.take(try request("DELETE", "/api/v3/order"), at: Self.now) }
        #expect(throws: Never.self) { try book.take(try request(account: "other"), at: Self.now) }
        #expect(book.bans(at: { _ in Self.now }).isEmpty)
    }

    @Test func `one endpoint that is asked too often leaves the others`() throws {
        let book = WeightBook()
        let place = MarketPlace(.okx, .demo, host: "main")
        let balance = try request("GET", "/api/v5/account/balance", at: place)
        for _ in 0..<9 { book.settle(try book.take(balance, at: Self.now), [], nil, at: Self.now) }
        let refusal = #expect(throws: WeightRefusal.self) { try book.take(balance, at: Self.now) }
        #expect(refusal?.reason == "GET /api/v5/account/balance" && refusal?.isBan == false)
        #expect(throws: Never.self) {
            try book.take(try request("GET", "/api/v5/account/positions", at: place), at: Self.now)
        }
    }

    @Test func `an order that only reduces has the last tenth, as cancels have`() throws {
        let book = WeightBook()
        let place = MarketPlace(.binance, .testnet, host: "usdm")
        let order = "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1"
        let opening = try request("POST", "/fapi/v1/order", query: order, at: place)
        // Nine tenths of 300 orders in ten seconds.
        func settle(_ request: WeightRequest, _ used: Int) throws {
            let reading = RateReading(RateBudget(.account, "fapi_orders_10s"), used: used)
            book.settle(try book.take(request, at: Self.now), [reading], nil, at: Self.now)
        }
        for used in 1...270 { try settle(opening, used) }
        let refusal = #expect(throws: WeightRefusal.self) { try book.take(opening, at: Self.now) }
        #expect(refusal?.reason == "fapi_orders_10s")
        let exit = try request(
            "POST", "/fapi/v1/order", query: order + "&reduceOnly=true", at: place)
        for used in 271...300 { try settle(exit, used) }
        #expect(throws: WeightRefusal.self) { try book.take(exit, at: Self.now) }
        let cancel = try request(
            "DELETE", "/fapi/v1/order", query: "symbol=BTCUSDT&orderId=1", at: place)
        #expect(throws: Never.self) { try book.take(cancel, at: Self.now) }
    }

    @Test func `on spot no promise makes an exit: only what is known to be held does`() throws {
        let classifier = ExchangeName.binance.classifier
        let draft = try classifier.draft(
            of: IncomingRequest(
                "POST", host: "spot", path: "/api/v3/order",
                query: "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1", contentType: nil, body: []))
        var meaning = classifier.meaning(of: draft)
        for place in meaning.orders.indices { meaning.orders[place].isReduceOnly = true }
        #expect(meaning.orders.map(\.instrument) == [.spot])
        func request(servesExit: Bool) -> WeightRequest {
            WeightRequest(
                Self.spot, from: "tokyo", account: "main", draft, meaning, servesExit: servesExit)
        }
        #expect(!request(servesExit: false).isExit)
        #expect(request(servesExit: true).isExit)
        meaning.orders[0].instrument = .linear
        #expect(request(servesExit: false).isExit)
    }
}
