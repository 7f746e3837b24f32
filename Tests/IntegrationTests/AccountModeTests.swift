import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// What an account's mode makes of its orders, as the exchange told it when it was asked last.
    @Suite struct AccountModeTests {
        private static let order =
            #"{"instId":"BTC-USDT-SWAP","tdMode":"cross","side":"sell","ordType":"market","sz":"1","#
            + #""reduceOnly":true}"#
        private static let exit: JSONValue = [
            "method": "POST", "host": "main", "path": "/api/v5/trade/order", "body": .string(order),
        ]

        private func isExit(_ desk: ProxyDesk) async throws -> Bool {
            let told = try await desk.node.must("POST", desk.path + "/proxy-dry-run", Self.exit)
            let clauses = try #require(told["clauses"]?.asArray, "\(told)")
            let mine = clauses.filter { $0["clause"] == "when" }
            try #require(mine.count == 1, "\(told)")
            return mine[0]["verdict"] != "denied"
        }

        @Test func `a mark of OKX is an exit in the account modes that read it`() async throws {
            try await StandInExchange.with { standIn in
                let settings = ["KEYBELL_STANDIN_OKX_DEMO_MAIN": standIn.baseURL(.okx)]
                try await RunningNode.with(.scratch(), settings) { node in
                    try await node.bootstrap()
                    let desk = try await ProxyDesk.make(node, standIn, .okx, "demo", passphrase: "words")
                    // It binds what opens, and nothing else.
                    let published = try await node.call(
                        "PUT", desk.path + "/policy",
                        ["operations": ["read", "trade"], "when": "request.order.reduce_only"],
                        headers: [("if-match", "*")])
                    try #require(published.status == 200, "\(published.text)")
                    #expect(try await isExit(desk))
                    for (mode, reads) in [("4", false), ("3", true), ("1", false), ("2", true)] {
                        var key = StandInExchange.Key(
                            .okx, desk.apiKey, .secret(ProxyDesk.secret), passphrase: "words",
                            permissions: ["read", "trade_spot"], addresses: ["127.0.0.1"])
                        (key.isDemo, key.extra) = (true, ["acctLv": .string(mode)])
                        try await standIn.register(key)
                        try await desk.verify()
                        #expect(try await isExit(desk) == reads, "mode \(mode)")
                    }
                }
            }
        }
    }
}
