import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// T8, through HTTP: whoever holds a bot's access token tries spellings, and is seen with each.
    @Suite struct DangerousSpellingTests {
        private struct Attempt {
            let path: DangerousPath
            let spelling: String
        }

        /// Of what moves money at the two exchanges, two each; more would take minutes and tell no more.
        private static let each = 2

        private static func attempts() throws -> [Attempt] {
            try [("binance", "spot"), ("kraken", "spot")].flatMap { exchange, host in
                let paths = try DangerousPath.all().filter {
                    $0.exchange == exchange && $0.host == host && $0.method == "POST"
                        && $0.path.lowercased().contains("withdraw") && !$0.path.contains("Cancel")
                }
                return paths.prefix(each).flatMap { path in
                    ([path.path] + path.spellings).filter(isHTTP).map { Attempt(path: path, spelling: $0) }
                }
            }
        }

        /// What the parser takes as a target at all.
        private static func isHTTP(_ path: String) -> Bool {
            path.hasPrefix("/") && path.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x5C }
        }

        @Test func `T8: a withdrawal is denied and on record in every spelling, and nothing is sent`()
            async throws
        {
            try await UseDesk.run(nodes: 1) { desk in
                let attempts = try Self.attempts()
                #expect(attempts.count > 100)
                var keys: [String: String] = [:]
                for exchange in ["binance", "kraken"] {
                    let key = try await desk.key(exchange)
                    try await desk.publish(UseDesk.policy(["read", "trade", "cancel"]), at: key)
                    keys[exchange] = key
                }
                let before = try await sent(desk)
                var denied: [String: Attempt] = [:]
                for attempt in attempts {
                    let key = try #require(keys[attempt.path.exchange])
                    let answer = try await desk.nodes[0].call(
                        "POST", "\(key)/proxy/\(attempt.path.host)\(attempt.spelling)?asset=BTC&amount=1")
                    #expect(answer.status == 403, "\(attempt) \(answer.everything)")
                    #expect(answer.json["code"] == "policy_denied", "\(attempt) \(answer.text)")
                    let id = try #require(
                        answer.header("keybell-usage-id"), "\(attempt) \(answer.everything)")
                    #expect(answer.header("keybell-upstream") == nil)
                    denied[id] = attempt
                }
                #expect(denied.count == attempts.count)
                #expect(try await sent(desk) == before)
                for key in keys.values { try await expectRecords(denied, of: key, desk) }
            }
        }

        @Test func `T8: no spelling leads from one key's proxy to anything else`() async throws {
            try await UseDesk.run(nodes: 1) { desk in
                let (key, node) = (try await desk.key("binance"), desk.nodes[0])
                try await desk.publish(UseDesk.policy(["read", "trade", "cancel"]), at: key)
                let before = try await sent(desk)
                for path in [
                    "/../../../../../v1/keys", "/../../../sign", "/%2e%2e/%2e%2e/%2e%2e/revoke", "/..", "/.",
                    "/", "//",
                    "/..%2f..%2f..%2fsign", "/x/../../../../" + key.lastSegment, "/api/v3/account/", "/%FF",
                    String(repeating: "/a", count: 900), String(repeating: "/..", count: 900),
                ] {
                    for method in ["GET", "POST", "DELETE"] {
                        let answer = try await node.call(method, "\(key)/proxy/spot\(path)")
                        #expect(answer.status == 403, "\(method) \(path.prefix(60)) \(answer.text)")
                        let id = try #require(answer.header("keybell-usage-id"))
                        let record = try await node.must("GET", "/v1/usage-events/\(id)")
                        #expect(record["key_id"]?.asString == key.lastSegment)
                        #expect(record["host"] == "spot" && record["outcome"] == "denied")
                        #expect(record["path"]?.asString == String(path.prefix(300)))
                    }
                }
                for path in ["/proxy/../sign", "/proxy//spot/api/v3/account", "//proxy/spot/a"] {
                    #expect(try await node.call("POST", key + path).status == 404)
                }
                // A host has one spelling, too.
                let spelled = try await node.call(
                    "POST", "\(key)/proxy/%73pot/sapi/v1/capital/withdraw/apply")
                #expect(spelled.status == 403 && spelled.header("keybell-usage-id") != nil)
                // No HTTP at all.
                for path in ["/a\\b", "/a%0", "/\u{0430}"] {
                    #expect(try await node.call("POST", "\(key)/proxy/spot\(path)").status == 400)
                }
                #expect(try await sent(desk) == before)
                #expect(try await node.must("GET", key)["status"] == "active")
            }
        }

        /// Whatever reached the stand-in, signed or not.
        private func sent(_ desk: UseDesk) async throws -> Int {
            let binance = try await desk.standIn.requests(.binance).filter { $0.method == "POST" }
            let kraken = try await desk.standIn.requests(.kraken).filter { $0.path.contains("ithdraw") }
            return binance.count + kraken.count
        }

        private func expectRecords(_ denied: [String: Attempt], of key: String, _ desk: UseDesk) async throws
        {
            var found = 0
            var next: String? = ""
            while let cursor = next {
                let page = try await desk.nodes[0].must(
                    "GET",
                    "\(key)/usage?limit=200&verdict=denied" + (cursor.isEmpty ? "" : "&cursor=\(cursor)"))
                for record in page["data"]?.asArray ?? [] {
                    let attempt = try #require(denied[record["id"]?.asString ?? ""], "\(record)")
                    found += 1
                    #expect(record["outcome"] == "denied" && record["way"] == "proxy", "\(record)")
                    #expect(record["path"]?.asString == attempt.spelling, "\(record)")
                }
                next = page["next_cursor"]?.asString
            }
            let exchange = try await desk.nodes[0].must("GET", key)["exchange"]?.asString
            #expect(found == denied.values.count { $0.path.exchange == exchange })
        }
    }
}
