import JSON
import Kernel
import TestSupport
import Testing

@testable import Signing

/// What the orders of a use are worth is told wherever that can be said without asking anybody for it.
@Suite(.serialized) struct UseWorthTests {
    private func told(
        _ desk: SigningDesk, _ policy: String, _ orders: [String]
    ) async throws -> [JSONValue?] {
        desk.exchange.says(200, #"{"orderId":1}"#)
        let key = try await desk.key("a", policy: policy)
        for order in orders {
            let sent = try await desk.proxy(key, "POST", "/api/v3/order", query: order)
            #expect(sent.status == 200, "\(order): \(sent.text)")
        }
        let uses = try await desk.events().filter { $0.type == "key.used" && $0.data["orders"] == 1 }
        return uses.map { $0.data["notional_usd"] }
    }

    private func limit(_ side: String, _ symbol: String = "BTCUSDT") -> String {
        "symbol=\(symbol)&side=\(side)&type=LIMIT&timeInForce=GTC&quantity=0.5&price=100"
    }

    @Test func `a clause that only reports tells what it weighed`() async throws {
        try await SigningDesk.run { desk in
            desk.exchange.trades("BTCUSDT", at: "120")
            let policy = """
                {"operations": ["trade"], "orders": {"max_notional": {"amount": "40", "currency": "USD"}},
                 "log_only": ["orders.max_notional"]}
                """
            let market = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.5"
            let worth = try await told(desk, policy, [limit("BUY"), limit("SELL"), market])
            #expect(worth == ["50", "60", "60"], "\(worth)")
            desk.time.move(.seconds(1))
            let summary = try await desk.call("GET", "/v1/usage-summary?operation=trade")
            #expect(summary.json["data"]?[0]?["notional_usd"] == "170", "\(summary.text)")
        }
    }

    @Test func `where no clause asks, an order is worth what it says itself, and nobody looks for a price`()
        async throws
    {
        try await SigningDesk.run { desk in
            desk.exchange.trades("BTCUSDT", at: "120")
            let byQuantity = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.5"
            let byAmount = "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=75"
            let worth = try await told(
                desk, #"{"operations": ["trade"]}"#,
                [limit("BUY"), limit("SELL"), byQuantity, byAmount, limit("BUY", "ETHEUR")])
            #expect(worth == ["50", "50", .null, "75", .null], "\(worth)")
            #expect(desk.exchange.tickersAsked == 0)
        }
    }

    @Test func `of a batch all orders count together`() async throws {
        try await SigningDesk.run { desk in
            desk.exchange.says(200, "[]")
            desk.exchange.permitsFutures(true)
            let key = try await desk.key("a", policy: #"{"operations": ["trade"]}"#)
            let orders = [BatchUseTests.order("BTCUSDT"), BatchUseTests.order("BTCUSDT", "SELL")]
            let sent = try await BatchUseTests.batch(desk, key, orders)
            try #require(sent.status == 200, "\(sent.text)")
            let data = try await desk.events().last { $0.type == "key.used" }?.data
            #expect(data?["notional_usd"] == "100", "\(data ?? .null)")
        }
    }
}
