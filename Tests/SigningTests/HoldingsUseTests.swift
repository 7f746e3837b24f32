import Access
import Exchanges
import JSON
import Kernel
import TestSupport
import Testing

@testable import Signing

/// Spot sales by keys that may only reduce.
@Suite struct HoldingsUseTests {
    private func run(_ body: @Sendable @escaping (SigningDesk, _ key: String) async throws -> Void)
        async throws
    {
        try await SigningDesk.run { desk in
            let key = try await desk.key("exits")
            let mode = try await desk.call(
                "POST", "/v1/keys/\(key)/mode", #"{"mode":"reduce_only","reason":"bad news"}"#)
            try #require(mode.status == 200, "\(mode.text)")
            try await body(desk, key)
        }
    }

    private static func sale(_ quantity: String, _ side: String = "SELL") -> String {
        "symbol=BTCUSDT&side=\(side)&type=MARKET&quantity=\(quantity)"
    }

    private static let balances = #"{"balances":[{"asset":"BTC","free":"0.5","locked":"0.2"}]}"#

    @Test func `what is held and free may be sold, and each time it is asked anew`() async throws {
        try await run { desk, key in
            desk.exchange.says(200, Self.balances)
            let sold = try await desk.proxy(key, "POST", "/api/v3/order", query: Self.sale("0.5"))
            #expect(sold.status == 200, "\(sold.text)")
            #expect(desk.exchange.requests.map(\.method.rawValue) == ["GET", "POST"])
            let more = try await desk.proxy(key, "POST", "/api/v3/order", query: Self.sale("0.51"))
            #expect(
                more.json["detail"]?.asString
                    == "the key is reduce_only, and this sells more than the account is known to hold")
            #expect(desk.exchange.requests.count == 3)
            let bought = try await desk.proxy(key, "POST", "/api/v3/order", query: Self.sale("0.1", "BUY"))
            #expect(bought.status == 403)
            #expect(desk.exchange.requests.count == 3)
        }
    }

    @Test func `the look is on the record, as the sale is`() async throws {
        try await run { desk, key in
            desk.exchange.says(200, Self.balances)
            _ = try await desk.proxy(key, "POST", "/api/v3/order", query: Self.sale("0.5"))
            let uses = try await desk.call("GET", "/v1/usage-events")
            let operations = uses.json["data"]?.asArray?.compactMap { $0["operation"]?.asString }
            #expect(operations?.sorted() == ["read", "trade"], "\(uses.text)")
        }
    }

    @Test func `who is told nothing sells nothing`() async throws {
        try await run { desk, key in
            desk.exchange.says(401, #"{"code":-2015,"msg":"Invalid API-key"}"#)
            let refused = try await desk.proxy(key, "POST", "/api/v3/order", query: Self.sale("0.5"))
            #expect(
                refused.json["detail"]?.asString
                    == "the key is reduce_only, and what the account holds is unknown")
            desk.exchange.isSilent()
            #expect(
                try await desk.proxy(key, "POST", "/api/v3/order", query: Self.sale("0.5")).status == 403)
        }
    }

    @Test func `a policy that allows no reading is not passed by`() async throws {
        try await run { desk, key in
            desk.exchange.says(200, Self.balances)
            let published = try await desk.call(
                "PUT", "/v1/keys/\(key)/policy", #"{"operations":["trade","cancel"]}"#, match: "\"1\"")
            #expect(published.status == 200, "\(published.text)")
            let sold = try await desk.proxy(key, "POST", "/api/v3/order", query: Self.sale("0.5"))
            #expect(sold.status == 403)
            #expect(desk.exchange.requests.isEmpty)
        }
    }
}
