import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// A node whose database is there, and says nothing for a while.
    @Suite struct HangingDatabaseTests {
        private static let order = "symbol=BTCUSDT&type=MARKET&quantity=0.01&side=BUY"

        @Test func `everybody is told meanwhile, and nothing that was asked leaves late`() async throws {
            // Who asks is known to the one loop: another would have to ask.
            try await CutOffDesk.run(["KEYBELL_LOOPS": "1"]) { desk in
                func order(_ headers: [(String, String)] = []) async throws -> LoopbackMessage {
                    try await desk.node.send(
                        "POST", desk.other + "/proxy/usdm/fapi/v1/order", Array(Self.order.utf8),
                        type: "application/x-www-form-urlencoded", headers: headers)
                }
                let sent = try await order()
                try #require(sent.status == 200, "\(sent.everything)")
                try desk.server.pause()
                defer { desk.server.resume() }
                async let keyed = order([("idempotency-key", "once")])
                async let ready = desk.node.call("GET", "/readyz", token: nil)
                let refused = try await order()
                #expect(refused.status == 503, "\(refused.everything)")
                #expect(refused.json["code"] == "overloaded")
                #expect(try await ready.status == 503)
                desk.server.resume()
                // Who asked about more than is known was not answered before, and is not late either.
                let late = try await keyed
                #expect(late.status == 503, "\(late.everything)")
                try await wait(until: "the node is ready") { await desk.node.isReady }
                let again = try await order()
                #expect(again.status == 200, "\(again.everything)")
                let orders = try await desk.standIn.requests(.binance, apiKey: CutOffDesk.apiKey).filter {
                    $0.path == "/fapi/v1/order"
                }
                #expect(orders.count == 2, "\(orders)")
                let outcomes = try await eventually("what became of each") { () -> [String]? in
                    let outcomes = try await desk.uses().compactMap { $0["outcome"]?.asString }
                    return outcomes.contains("authorised") ? nil : outcomes
                }
                #expect(outcomes.count { $0 == "accepted" } == 2, "\(outcomes)")
                #expect(outcomes.allSatisfy { $0 == "accepted" || $0 == "not_sent" }, "\(outcomes)")
                try await desk.expectIntact()
            }
        }
    }
}
