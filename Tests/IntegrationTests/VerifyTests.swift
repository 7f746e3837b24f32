import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// Keys of testnets and demos against stand-in exchanges, which verify signatures with code of their own.
    @Suite struct VerifyTests {
        private static let secret = "c2VjcmV0LW9mLXRoZS1zdGFuZC1pbi1leGNoYW5nZQ=="

        private static func credential(_ passphrase: String?) -> JSONValue {
            var members = JSONObject()
            _ = members.append("api_key", "key-of-the-desk")
            _ = members.append("secret", .string(secret))
            if let passphrase { _ = members.append("passphrase", .string(passphrase)) }
            return .object(members)
        }

        @Test func `T17: what we sign is taken, and what we read is what the exchange grants`() async throws {
            try await StandInExchange.with { standIn in
                let settings = [
                    "KEYBELL_STANDIN_BYBIT_TESTNET_MAIN": standIn.baseURL(.bybit),
                    "KEYBELL_STANDIN_OKX_DEMO_MAIN": standIn.baseURL(.okx),
                ]
                let rights = ["read", "trade_spot"]
                try await standIn.register(
                    .init(
                        .bybit, "key-of-the-desk", .secret(Self.secret), permissions: rights,
                        addresses: ["127.0.0.1"]))
                var demo = StandInExchange.Key(
                    .okx, "key-of-the-desk", .secret(Self.secret), passphrase: "word", permissions: rights,
                    addresses: ["127.0.0.1"])
                demo.isDemo = true
                try await standIn.register(demo)
                try await RunningNode.with(.scratch(), settings) { node in
                    try await node.bootstrap()
                    try await verify(node, "bybit", "testnet", nil, standIn, .bybit)
                    try await verify(node, "okx", "demo", "word", standIn, .okx)
                }
            }
        }

        private func verify(
            _ node: RunningNode, _ exchange: String, _ environment: String, _ passphrase: String?,
            _ standIn: StandInExchange, _ venue: StandInExchange.Venue
        ) async throws {
            let key = try await node.must(
                "POST", "/v1/keys",
                [
                    "exchange": .string(exchange), "account": "main", "label": .string(exchange),
                    "environment": .string(environment), "permissions": ["read", "trade_spot"],
                    "ip_allow_list": ["127.0.0.1"], "allow_duplicate": true,
                    "credential": Self.credential(passphrase),
                ])
            let path = "/v1/keys/\(key["id"]?.asString ?? "")"
            let told = try await node.must("POST", path + "/verify", [:])
            #expect(told["outcome"] == "confirmed", "\(exchange): \(told)")
            #expect(told["status"] == "active", "\(exchange): \(told)")
            try await standIn.set("key-of-the-desk", of: venue, to: .deleted)
            let gone = try await node.must("POST", path + "/verify", [:])
            #expect(gone["outcome"] == "key_refused", "\(exchange): \(gone)")
            #expect(!node.log.contains(Self.secret))
        }
    }
}
