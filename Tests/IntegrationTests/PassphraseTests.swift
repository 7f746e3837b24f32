import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// A signed request that holds the passphrase is handed out only where somebody chose so.
    @Suite struct PassphraseTests {
        private static let account: JSONValue = [
            "method": "GET", "host": "main", "path": "/api/v5/account/balance", "query": [],
        ]

        private func run(_ more: [(String, JSONValue)], _ body: (ProxyDesk) async throws -> Void) async throws
        {
            try await StandInExchange.with { standIn in
                let settings = ["KEYBELL_STANDIN_OKX_DEMO_MAIN": standIn.baseURL(.okx)]
                try await RunningNode.with(.scratch(), settings) { node in
                    try await node.bootstrap()
                    try await body(
                        try await ProxyDesk.make(
                            node, standIn, .okx, "demo", passphrase: "a phrase", more: more))
                }
            }
        }

        private func sign(_ desk: ProxyDesk) async throws -> LoopbackMessage {
            try await desk.node.call("POST", desk.path + "/sign", Self.account)
        }

        @Test func `it is refused by its name, until it is made so with the secret in hand`() async throws {
            try await run([]) { desk in
                let refused = try await sign(desk)
                #expect(refused.status == 403, "\(refused.text)")
                #expect(refused.text.contains("passphrase_disclosable"))
                #expect(!refused.text.contains("a phrase"))
                let bare = try await desk.change(["passphrase_disclosable": true])
                #expect(bare.status == 422 && bare.json["errors"]?[0]?["pointer"] == "/credential")
                let credential: JSONValue = [
                    "api_key": .string(desk.apiKey), "secret": .string(ProxyDesk.secret),
                    "passphrase": "a phrase",
                ]
                let changed = try await desk.change(
                    ["passphrase_disclosable": true, "credential": credential])
                #expect(changed.json["passphrase_disclosable"] == true, "\(changed.text)")
                let signed = try await sign(desk)
                #expect(signed.status == 200, "\(signed.text)")
                #expect(signed.json["request"]?["headers"]?["OK-ACCESS-PASSPHRASE"] == "a phrase")
                #expect(try await desk.change(["passphrase_disclosable": false]).status == 200)
                #expect(try await sign(desk).status == 403)
            }
        }

        @Test func `it is chosen at registration, where there is a passphrase`() async throws {
            try await run([("passphrase_disclosable", true)]) { desk in
                #expect(try await sign(desk).status == 200)
                let body: JSONValue = [
                    "exchange": "binance", "account": "main", "label": "x", "environment": "testnet",
                    "passphrase_disclosable": true,
                ]
                let refused = try await desk.node.call("POST", "/v1/keys", body)
                #expect(refused.status == 422, "\(refused.text)")
                #expect(refused.json["errors"]?[0]?["pointer"] == "/passphrase_disclosable")
                let exchanges = try await desk.node.must("GET", "/v1/exchanges")["data"]?.asArray ?? []
                for exchange in exchanges {
                    let needs: JSONValue = exchange["passphrase"] == true ? "passphrase_disclosable" : .null
                    #expect(exchange["sign_needs"] == needs)
                    #expect(exchange["offers"]?.asArray?.contains("sign") == true)
                }
            }
        }
    }
}
