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

        /// Where a test network or a demonstration exists: Kraken, Coinbase, KuCoin and MEXC have live hosts
        /// only, which no stand-in ever plays.
        private struct Place: Sendable {
            let venue: StandInExchange.Venue
            let environment: String
            let aliases: [String]
            var passphrase: String?
            var isUnified = false
            /// What becomes of a key that was deleted there.
            var outcomeWhenDeleted = "key_refused"

            var label: String { venue.rawValue + (isUnified ? "-unified" : "") }
        }

        private static let places = [
            Place(
                venue: .binance, environment: "testnet", aliases: ["spot", "usdm"],
                outcomeWhenDeleted: "key_or_address_refused"),
            Place(venue: .bybit, environment: "testnet", aliases: ["main"]),
            Place(venue: .okx, environment: "demo", aliases: ["main"], passphrase: "word"),
            Place(venue: .gate, environment: "testnet", aliases: ["main"]),
            Place(venue: .bitget, environment: "demo", aliases: ["main"], passphrase: "word"),
            Place(
                venue: .bitget, environment: "demo", aliases: ["main"], passphrase: "word", isUnified: true),
        ]

        @Test func `T17: what we sign is taken, and what we read is what the exchange grants`() async throws {
            try await StandInExchange.with { standIn in
                var settings: [String: String] = [:]
                for place in Self.places {
                    for alias in place.aliases {
                        let name = "\(place.venue)_\(place.environment)_\(alias)".uppercased()
                        settings["KEYBELL_STANDIN_" + name] = standIn.baseURL(place.venue)
                    }
                }
                try await RunningNode.with(.scratch(), settings) { node in
                    try await node.bootstrap()
                    for place in Self.places { try await verify(node, place, standIn) }
                }
            }
        }

        private func verify(
            _ node: RunningNode, _ place: Place, _ standIn: StandInExchange
        ) async throws {
            try await register(place, standIn)
            let key = try await node.must(
                "POST", "/v1/keys",
                [
                    "exchange": .string(place.venue.rawValue), "account": "main",
                    "label": .string(place.label), "environment": .string(place.environment),
                    "permissions": ["read", "trade_spot"], "ip_allow_list": ["127.0.0.1"],
                    "allow_duplicate": true, "credential": Self.credential(place.passphrase),
                ])
            let path = "/v1/keys/\(key["id"]?.asString ?? "")"
            let told = try await node.must("POST", path + "/verify", [:])
            #expect(told["outcome"] == "confirmed", "\(place.label): \(told)")
            #expect(told["status"] == "active", "\(place.label): \(told)")
            try await standIn.set("key-of-the-desk", of: place.venue, to: .deleted)
            let gone = try await node.must("POST", path + "/verify", [:])
            #expect(gone["outcome"]?.asString == place.outcomeWhenDeleted, "\(place.label): \(gone)")
            #expect(!node.log.contains(Self.secret))
        }

        private func register(_ place: Place, _ standIn: StandInExchange) async throws {
            var key = StandInExchange.Key(
                place.venue, "key-of-the-desk", .secret(Self.secret), passphrase: place.passphrase,
                permissions: ["read", "trade_spot"], addresses: ["127.0.0.1"])
            key.isDemo = place.environment == "demo"
            if place.isUnified { key.extra = ["unified": true] }
            try await standIn.register(key)
        }
    }
}
