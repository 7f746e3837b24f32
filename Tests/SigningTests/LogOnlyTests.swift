import Access
import Events
import JSON
import TestSupport
import Testing

@testable import Signing

/// Clauses that only report say what they would have denied, on what is really sent.
@Suite struct LogOnlyTests {
    private static let policy = """
        {"operations": ["read", "trade"],
         "orders": {"symbols": ["ETH*"], "sides": ["buy"]},
         "limits": [{"count": "orders", "max": "1", "per": "31d"}],
         "log_only": ["orders.symbols", "limits.1"]}
        """

    private func order(_ desk: SigningDesk, _ key: String, _ symbol: String, _ side: String = "BUY")
        async throws -> TestAnswer
    {
        let query = "symbol=\(symbol)&side=\(side)&type=LIMIT&timeInForce=GTC&quantity=0.5&price=100"
        return try await desk.proxy(key, "POST", "/api/v3/order", query: query)
    }

    @Test func `a use says which clauses would have denied it, and most say nothing`() async throws {
        try await SigningDesk.run { desk in
            desk.exchange.says(200, #"{"orderId":1}"#)
            let key = try await desk.key("a", policy: Self.policy)
            var answers = [try await order(desk, key, "ETHBTC"), try await order(desk, key, "BTCUSDT")]
            answers.append(try await order(desk, key, "BTCUSDT", "SELL"))
            #expect(answers.map(\.status) == [200, 200, 403], "\(answers.map(\.text))")
            let data = try await desk.events().filter { $0.type.hasPrefix("key.use") }.map(\.data)
            let both: JSONValue = ["orders.symbols", "limits.1"]
            #expect(data.map { $0["would_deny"] } == [nil, both, both], "\(data)")
            let rows = try await desk.call("GET", "/v1/keys/\(key)/usage").json["data"]?.asArray ?? []
            // All three came at one moment.
            let told = rows.map { $0["would_deny"] }
            #expect(told.count { $0 == .null } == 1 && told.count { $0 == both } == 2, "\(rows)")
        }
    }

    @Test func `whoever may not read policies is not told`() async throws {
        try await SigningDesk.run { desk in
            desk.exchange.says(200, #"{"orderId":1}"#)
            let key = try await desk.key("a", policy: Self.policy)
            #expect(try await order(desk, key, "BTCUSDT").status == 200)
            let bot = desk.context([.keysRead, .usageRead])
            let rows = try await desk.call("GET", "/v1/keys/\(key)/usage", as: bot).json["data"]
            #expect(rows?[0]?["would_deny"] == .null && rows?[0]?["verdict"] == "allowed", "\(rows ?? .null)")
            let data = try #require(try await desk.events().last { $0.type == "key.used" }?.data.asObject)
            let veil = try #require(EventVeil(.keyUsed, with: data))
            #expect(veil.permission == .policiesRead)
            #expect(veil.drawn(over: data, of: .keyUsed)["would_deny"] == .null)
            let alert = JSONObject(members: [
                ("event", ["type": "key.used", "would_deny": ["orders.symbols"]])
            ])
            let hidden = EventVeil(.alertFiring, with: alert)?.drawn(over: alert, of: .alertFiring)
            #expect(hidden?["event"]?["would_deny"] == .null)
            let silent = JSONObject(members: [("symbol", "BTCUSDT")])
            #expect(EventVeil(.keyUsed, with: silent) == nil)
        }
    }
}
