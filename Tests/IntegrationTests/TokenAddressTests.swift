import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// T9: a stolen access token with an address list is useless from another address.
    @Suite struct TokenAddressTests {
        private static func token(
            _ node: RunningNode, _ cidrs: [String]
        ) async throws -> RunningNode.Token {
            let made = try await node.must(
                "POST", "/v1/access-tokens",
                ["name": "placed", "cidrs": .array(cidrs.map { .string($0) })])
            return .text(made["token"]?.asString ?? "")
        }

        @Test func `T9: behind a configured proxy a token works from its addresses, in every spelling`()
            async throws
        {
            try await RunningNode.with(.scratch(), ["KEYBELL_TRUSTED_PROXIES": "127.0.0.1,192.0.2.0/24"]) {
                node in
                try await node.bootstrap()
                let v4 = try await Self.token(node, ["203.0.113.0/24"])
                let v6 = try await Self.token(node, ["2001:db8:1::/48"])
                let mapped = try await Self.token(node, ["::ffff:203.0.113.9"])
                let near = try await Self.token(node, ["127.0.0.1"])
                for (token, said, works) in [
                    (v4, ["203.0.113.9"], true), (v4, ["198.51.100.1"], false),
                    (v4, ["::ffff:203.0.113.9"], true), (v4, ["::FFFF:CB00:7109"], true),
                    (v4, ["::203.0.113.9"], false), (v4, ["203.0.113.9, 192.0.2.7"], true),
                    // Only what our own proxies added counts; all before it is the caller's say.
                    (v4, ["203.0.113.9, 198.51.100.1"], false), (v4, ["203.0.113.9", "198.51.100.1"], false),
                    (v4, ["198.51.100.1", "203.0.113.9"], true), (v4, ["203.0.113.9:443"], false),
                    (v4, ["0xCB.0.113.9"], false), (v4, ["203.0.113.009"], false), (v4, [""], false),
                    (v6, ["2001:db8:1::5"], true), (v6, ["2001:0DB8:0001:0000::0005"], true),
                    (v6, ["2001:db8:2::5"], false), (v6, ["2001:db8:1::5%eth0"], false),
                    (v6, ["[2001:db8:1::5]"], false), (v6, ["203.0.113.9"], false),
                    (mapped, ["203.0.113.9"], true), (mapped, ["203.0.113.8"], false),
                    (near, [], true), (near, ["203.0.113.9"], false),
                ] as [(RunningNode.Token, [String], Bool)] {
                    let headers = said.map { (name: "x-forwarded-for", value: $0) }
                    let status = try await node.call("GET", "/v1/me", token: token, headers: headers).status
                    #expect(status == (works ? 200 : 401), "\(said)")
                }
                for name in ["forwarded", "x-real-ip", "true-client-ip", "x-client-ip"] {
                    let headers = [(name: name, value: "203.0.113.9")]
                    #expect(try await node.call("GET", "/v1/me", token: v4, headers: headers).status == 401)
                }
            }
        }

        @Test func `T9: without a configured proxy nobody says where they come from`() async throws {
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                let (far, near) = (
                    try await Self.token(node, ["203.0.113.0/24"]),
                    try await Self.token(node, ["127.0.0.0/8"])
                )
                for name in ["x-forwarded-for", "forwarded", "x-real-ip"] {
                    let headers = [(name: name, value: "203.0.113.9")]
                    #expect(try await node.call("GET", "/v1/me", token: far, headers: headers).status == 401)
                    #expect(try await node.call("GET", "/v1/me", token: near, headers: headers).status == 200)
                }
                let told = try await node.told("access_token.refused").map { $0["data"] }
                #expect(told.count == 3 && told.allSatisfy { $0?["reason"] == "address" })
                #expect(told.allSatisfy { $0?["address"] == "127.0.0.1" })
            }
        }

        @Test func `T9: what is no address, or could be read as two, is no address of a token`() async throws
        {
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                for text in [
                    "10.0.0.1/8", "10.0.0.0/33", "2001:db8::1/32", "fe80::1%eth0", "fe80::%1/64", "::/129",
                    "10.0.0", "010.0.0.1", "10.0.0.0/8x", "10.0.0.0/-1", "10.0.0.0/+8", "0x0a000001",
                    "10.0.0.0/8 ", "localhost", "*", "",
                ] {
                    let answer = try await node.call(
                        "POST", "/v1/access-tokens", ["name": "a", "cidrs": [.string(text)]])
                    #expect(answer.status == 422, "\(text) \(answer.text)")
                }
            }
        }
    }
}
