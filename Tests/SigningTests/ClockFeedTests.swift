import Exchanges
import JSON
import Kernel
import Synchronization
import TestSupport
import Testing

@testable import Signing

@Suite(.serialized) struct ClockFeedTests {
    @Test func `an exchange that does not tell its time is not asked by every request`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            desk.exchange.tellsItsTime(false)
            let before = desk.exchange.timesAsked
            for _ in 0..<5 { #expect(try await desk.sign(key).status == 200) }
            #expect(desk.exchange.timesAsked == before + 1)
            desk.time.move(.seconds(10))
            desk.exchange.tellsItsTime(true)
            for _ in 0..<5 { #expect(try await desk.sign(key).status == 200) }
            #expect(desk.exchange.timesAsked == before + 2)
        }
    }

    @Test func `a cancel does not wait for an exchange's time`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            desk.exchange.tellsItsTime(false)
            let before = desk.exchange.timesAsked
            desk.exchange.says(200, "{}")
            let cancelled = try await desk.proxy(
                key, "DELETE", "/api/v3/order", query: "symbol=BTCUSDT&orderId=1")
            #expect(cancelled.status == 200, "\(cancelled.text)")
            #expect(desk.exchange.timesAsked == before)
            #expect(desk.exchange.requests.last?.url.contains("recvWindow=60000") == true)
        }
    }

    @Test func `where a cancel's window is a header, it is the widest as well`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a", of: "bybit")
            desk.exchange.tellsItsTime(false)
            desk.exchange.says(200, #"{"retCode":0}"#)
            let cancelled = try await desk.call(
                "POST", "/v1/keys/\(key)/proxy/main/v5/order/cancel",
                #"{"category": "spot", "symbol": "BTCUSDT", "orderId": "1"}"#)
            #expect(cancelled.status == 200, "\(cancelled.text)")
            let sent = try #require(desk.exchange.requests.last)
            #expect(sent.url.hasSuffix("/v5/order/cancel"))
            #expect(sent.headers.first { $0.name == "X-BAPI-RECV-WINDOW" }?.value == "60000")
            let read = try await desk.call(
                "GET", "/v1/keys/\(key)/proxy/main/v5/order/realtime?category=spot")
            #expect(read.status == 200, "\(read.text)")
            let other = try #require(desk.exchange.requests.last)
            #expect(other.headers.first { $0.name == "X-BAPI-RECV-WINDOW" }?.value == "5000")
        }
    }

    @Test func `an exchange that refuses our time is asked for its own, and not by every refusal`()
        async throws
    {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            desk.exchange.says(200, "{}")
            func order() async throws -> TestAnswer {
                try await desk.proxy(key, "POST", "/api/v3/order", query: SigningDesk.order)
            }
            #expect(try await order().status == 200)
            let before = desk.exchange.timesAsked
            desk.exchange.says(400, #"{"code": -1021, "msg": "Timestamp for this request was …"}"#)
            #expect(try await order().status == 400, "it was measured a moment ago")
            #expect(try await order().status == 400)
            #expect(desk.exchange.timesAsked == before)
            desk.time.move(.seconds(3))
            #expect(try await order().status == 400)
            desk.exchange.says(200, "{}")
            #expect(try await order().status == 200)
            #expect(desk.exchange.timesAsked == before + 1)
        }
    }

    @Test func `where our clock is set back, what was measured before holds no more`() async throws {
        let (clocks, place) = (ExchangeClocks(), ExchangeClocks.Place(.binance, .live))
        let (ahead, right) = (Timestamp.testStart + .hours(1), Timestamp.testStart)
        clocks.note(right, between: ahead, and: ahead, of: place)
        #expect((clocks.now(at: place, is: ahead) - right).magnitude < .milliseconds(1))
        // A use is of the moment of its admission.
        #expect(clocks.now(at: place, is: ahead - .seconds(10)) < right - .seconds(9))
        #expect(clocks.now(at: place, is: right) == right)
        #expect(!clocks.isKnown(place, at: right) && clocks.isUncertain(place, at: right))
        clocks.doubt(place, at: right)
        #expect(clocks.reading(of: place) == nil)
        clocks.note(right, between: ahead, and: ahead, of: place)
        clocks.doubt(place, at: ahead - .seconds(20))
        #expect(clocks.reading(of: place) == nil, "set back by less than is told apart at once")

        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            desk.exchange.says(200, "{}")
            let order = SigningDesk.order
            #expect(try await desk.proxy(key, "POST", "/api/v3/order", query: order).status == 200)
            let before = desk.exchange.timesAsked
            desk.time.move(.hours(-1))
            #expect(try await desk.proxy(key, "POST", "/api/v3/order", query: order).status == 200)
            #expect(desk.exchange.timesAsked == before + 1)
        }
    }

    @Test func `an exit waits a moment for lists and clocks, and goes without`() async throws {
        try await SigningDesk.run { desk in
            desk.exchange.permitsFutures(true)
            let key = try await desk.key("a")
            desk.exchange.says(200, "{}")
            desk.exchange.isMute(true)
            defer { desk.exchange.isMute(false) }
            let exit = try await desk.proxy(
                key, "POST", "/fapi/v1/order",
                query: "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&reduceOnly=true", host: "usdm")
            #expect(exit.status == 200, "\(exit.text)")
            #expect(desk.exchange.isAskedInVain)
        }
    }

    @Test func `while a list still counts, nobody waits for a newer one`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            desk.exchange.says(200, "{}")
            let order = SigningDesk.order
            #expect(try await desk.proxy(key, "POST", "/api/v3/order", query: order).status == 200)
            desk.time.move(.minutes(16))
            desk.exchange.isMute(true, butTellsItsTime: true)
            defer { desk.exchange.isMute(false) }
            #expect(try await desk.proxy(key, "POST", "/api/v3/order", query: order).status == 200)
            #expect(desk.exchange.isAskedInVain)
        }
    }

    @Test func `with an uncertain clock opening orders are refused, and cancels go on`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            desk.exchange.tellsItsTime(false)
            desk.exchange.says(200, "{}")
            let order = try await desk.proxy(key, "POST", "/api/v3/order", query: SigningDesk.order)
            #expect(order.status == 403 && order.code == "policy_denied", "\(order.text)")
            #expect(order.json["clauses"]?.asArray?.contains { $0["clause"] == "clock" } == true)
            #expect(order.json["passing"] == true)
            #expect(desk.exchange.requests.isEmpty)
            let cancel = "symbol=BTCUSDT&orderId=1"
            let cancelled = try await desk.proxy(key, "DELETE", "/api/v3/order", query: cancel)
            #expect(cancelled.status == 200, "\(cancelled.text)")
            #expect(desk.exchange.requests.count == 1)
        }
    }

    @Test func `a list that does not come is not asked for by every request`() async throws {
        try await SigningDesk.run { desk in
            let asked = Atomic(0)
            let line = ExchangeLine(
                send: { _ in
                    asked.add(1, ordering: .relaxed)
                    // It takes long to fail.
                    desk.time.move(.seconds(10))
                    return .failure(ExchangeFailure(mayHaveArrived: true, "It gave no answer."))
                }, pause: { _ in })
            let feed = MarketFeed(
                board: MarketBoard(), hosts: ExchangeHosts { _, _, _ in nil }, line: line, ledger: desk.ledger
            )
            let place = MarketPlace(.binance, .live, host: "spot")
            for _ in 0..<5 { await feed.refresh(place) }
            let first = asked.load(ordering: .relaxed)
            #expect(first > 0)
            desk.time.move(.seconds(9))
            await feed.refresh(place)
            #expect(asked.load(ordering: .relaxed) == first)
            desk.time.move(.seconds(1))
            await feed.refresh(place)
            #expect(asked.load(ordering: .relaxed) == 2 * first)
        }
    }
}
