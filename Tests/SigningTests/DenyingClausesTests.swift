import Events
import JSON
import TestSupport
import Testing

@testable import Signing

/// Whoever breaks more than one clause hides none of them.
@Suite struct DenyingClausesTests {
    private static let policy = """
        {"operations": ["read"], "cidrs": ["192.0.2.0/24"],
         "orders": {"symbols": ["ETH*"], "sides": ["buy"]}, "log_only": ["orders.symbols"]}
        """

    @Test func `a denial names all clauses that deny, to those who may know`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a", policy: Self.policy)
            let query = "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=0.5&price=100"
            let answer = try await desk.proxy(key, "POST", "/api/v3/order", query: query)
            #expect(answer.status == 403, "\(answer.text)")
            let events = try await desk.events()
            let data = try #require(events.last { $0.type == "key.use.denied" }?.data.asObject)
            #expect(data["clause"] == "operations")
            #expect(data["clauses"] == ["operations", "cidrs", "orders.sides"])
            #expect(data["would_deny"] == ["orders.symbols"])
            let veil = try #require(EventVeil(.keyUseDenied, with: data))
            #expect(veil.drawn(over: data, of: .keyUseDenied)["clauses"] == .null)
        }
    }
}
