import Crypto
import JSON
import Postgres
import TestSupport
import Testing

extension IntegrationTests {
    /// T4: no answer, log, metric or error carries a secret.
    @Suite struct CanaryTests {
        /// Everything that was answered but for what shows a secret once.
        private struct Walk {
            let node: RunningNode
            var answers: [(what: String, text: String)] = []
            var statuses: Set<Int> = []

            @discardableResult
            mutating func go(
                _ method: String, _ target: String, _ body: JSONValue? = nil,
                token: RunningNode.Token? = .owner, headers: [(name: String, value: String)] = []
            ) async throws -> Int {
                let answer = try await node.call(method, target, body, token: token, headers: headers)
                note("\(method) \(target.prefix(40))", answer)
                return answer.status
            }

            mutating func note(_ what: String, _ answer: LoopbackMessage) {
                answers.append((what, answer.everything))
                statuses.insert(answer.status)
            }
        }

        private static let password = "canarypassword7Qx2database"
        private static let pasted = "canarypasted9Zk4secret"

        @Test func `a canary is seen in plain text, hex and base64, wherever it begins`() throws {
            let canaries = Canaries()
            try canaries.watch("token", "kbt_0example0>>example??0example0")
            let bytes = Array("0example0>>example??0example0".utf8)
            var texts = ["a kbt_0example0>>example??0example0 in plain text"]
            texts += [Hex.encode(bytes), Hex.encode([7] + bytes + [7]).uppercased()]
            for before in 0..<6 {
                for after in 0..<3 {
                    let all = Array("before".utf8.prefix(before)) + bytes + Array("after".utf8.prefix(after))
                    texts += [Base64.encode(all), Base64.encode(all, alphabet: .url)]
                }
            }
            for text in texts { #expect(canaries.seen(in: "\u{22}\(text)\u{22}") == ["token"], "\(text)") }
            #expect(canaries.seen(in: Hex.encode(Array("0example1>>example??0example0".utf8))).isEmpty)
        }

        @Test func `what a canary in base64 stands for is seen, too`() throws {
            let canaries = Canaries()
            let bytes = (0..<32).map { UInt8(255 - $0) }
            try canaries.watch("secret", "whsec_" + Base64.encode(bytes))
            try canaries.watch("key", "kbroot1_" + Base64.encode(bytes + [1, 2, 3, 4], alphabet: .url))
            #expect(canaries.seen(in: "\\x" + Hex.encode(bytes)) == ["key", "secret"])
        }

        @Test func `T4: no answer, log or metric carries a secret, at debug level and when things fail`()
            async throws
        {
            let receiver = try Receiver { attempt in attempt.number == 1 ? .status(500) : .status(204) }
            defer { receiver.stop() }
            let canaries = Canaries()
            try canaries.watch("database password", Self.password)
            try canaries.watch("what a person pasted", Self.pasted)
            try await RunningPostgres.with { server in
                var url = server.url()
                url.password = Self.password
                try await RunningNode.with(.database(url), ["KEYBELL_LOG": "debug"]) { node in
                    let walk = try await walk(node, server, receiver, canaries)
                    for (what, text) in walk.answers {
                        #expect(canaries.seen(in: text).isEmpty, "in the answer to \(what)")
                    }
                    #expect(walk.statuses.isSuperset(of: [200, 201, 400, 401, 403, 404, 409, 422, 503]))
                    for attempt in receiver.accepted + receiver.others {
                        #expect(canaries.seen(in: attempt.request.everything).isEmpty, "in a message")
                    }
                    let log = node.log
                    #expect(log.contains(#""level":"debug""#), "nothing was said at debug level")
                    #expect(canaries.seen(in: log).isEmpty, "in the service's log")
                    let words = server.folder.read("server.log") ?? ""
                    #expect(canaries.seen(in: words).isEmpty, "in PostgreSQL's log")
                }
            }
        }

        private func walk(
            _ node: RunningNode, _ server: RunningPostgres, _ receiver: Receiver, _ canaries: Canaries
        ) async throws -> Walk {
            let bootstrap = String((node.folder.read("data/bootstrap-token") ?? "").prefix { $0 != "\n" })
            try canaries.watch("bootstrap token", bootstrap)
            try canaries.watch(
                "root key", node.folder.read("root.key")?.split(separator: "\n").last.map(String.init))
            try await node.bootstrap()
            try canaries.watch("owner's access token", node.ownerToken)
            let webhook = try await node.makeWebhook(to: receiver, "custom.*")
            try canaries.watch("webhook secret", webhook["secret"]?.asString)
            let bot = try await makeBot(node, canaries)
            try await node.pushAll(1..<3)

            var walk = Walk(node: node)
            try await ordinary(&walk, webhook, bot.id)
            try await failing(&walk, bot.token, bootstrap, canaries)
            try await depositing(&walk)
            try await wait(until: "both messages were tried") { receiver.idsOfNumbers.count == 2 }
            try await walk.go("GET", "/v1/deliveries?limit=200")
            try await away(&walk, server)
            return walk
        }

        private func makeBot(
            _ node: RunningNode, _ canaries: Canaries
        ) async throws -> (id: JSONValue, token: String) {
            let bot = try await node.must(
                "POST", "/v1/service-accounts", ["name": "feed", "purpose": "reads"])
            try await node.must(
                "POST", "/v1/grants",
                ["principal_id": .string(bot.id), "role": "bot", "effect": "allow", "on": [:]])
            let made = try await node.must(
                "POST", "/v1/access-tokens", ["principal_id": .string(bot.id), "name": "feed"])
            let token = made["token"]?.asString ?? ""
            try canaries.watch("bot's access token", token)
            let user = try await node.must(
                "POST", "/v1/users",
                ["name": "A trader", "email": "trader@desk.example", "role": "trader"])
            let link = user["invitation"]?["url"]?.asString ?? ""
            try canaries.watch("invitation", link.split { "=#".contains($0) }.last.map(String.init))
            return (made["principal_id"] ?? .null, token)
        }

        private func ordinary(
            _ walk: inout Walk, _ webhook: JSONValue, _ bot: JSONValue
        ) async throws {
            let lists = [
                "/", "/healthz", "/readyz", "/metrics", "/v1/me", "/v1/me/permissions", "/v1/users",
                "/v1/service-accounts", "/v1/access-tokens", "/v1/grants", "/v1/webhooks",
                "/v1/webhooks/\(webhook.id)", "/v1/keys", "/v1/events", "/v1/audit-records",
                "/v1/audit/export", "/v1/audit/verification", "/v1/jobs", "/v1/system", "/v1/alert-rules",
            ]
            for list in lists { #expect(try await walk.go("GET", list) == 200, "\(list)") }
            try await walk.go(
                "POST", "/v1/service-accounts", ["name": "another", "purpose": "to be there"])
            try await walk.go("POST", "/v1/webhooks/\(webhook.id)/test", [:])
        }

        /// Mistakes that people make with secrets in their hands.
        private func failing(_ walk: inout Walk, _ bot: String, _ bootstrap: String, _ canaries: Canaries)
            async throws
        {
            let pasted = JSONValue.string(Self.pasted)
            try await walk.go(
                "POST", "/v1/keys",
                [
                    "exchange": "binance", "account": "main", "label": "with a secret", "environment": "live",
                    "credential": ["kind": "hmac", "api_key": pasted, "secret": pasted],
                ])
            try await walk.go(
                "POST", "/v1/keys", ["exchange": pasted, "secret": pasted, "environment": pasted])
            try await walk.go("POST", "/v1/webhooks", ["url": pasted, "name": "x", "secret": pasted])
            for condition in ["event.grde == \"\(Self.pasted)\"", "event.grade > \"\(Self.pasted)"] {
                try await walk.go(
                    "POST", "/v1/alert-rules",
                    [
                        "name": "x", "severity": pasted, "on": ["grade.changed", pasted],
                        "when": .string(condition),
                    ])
            }
            try await walk.go("POST", "/v1/invitations/accept", ["token": pasted], token: nil)
            // A client that mistakes a path for something else; some of it is found, some is not.
            for target in [
                "/v1/keys/\(bot)", "/\(bot)", "/v1/webhooks/whsec_\(Self.pasted)/test",
                "/v1/nowhere/\(bot)/more",
                "/v1/keys/Bearer%20\(bot)", "/v1/keys/kbt%5F\(bot.dropFirst(4))", "//\(bot)",
                "/v1/keys/\(bot)?a=b",
            ] {
                try await walk.go("GET", target)
                try await walk.go("DELETE", target, token: nil)
            }
            try await walk.go("GET", "/v1/keys?access_token=\(bot)")
            try await walk.go("GET", "/v1/keys?cursor=\(Self.pasted)")
            try await walk.go("GET", "/v1/nowhere?token=\(bot)", token: nil)
            try await walk.go("POST", "/v1/bootstrap", [:], token: .text(bootstrap))
            try await walk.go("POST", "/v1/users", [:], token: .text(bot))
            for token in [Self.pasted, "kbt_\(Self.pasted)", String(bot.dropLast()) + "x", bootstrap] {
                try await walk.go("GET", "/v1/me", token: .text(token))
            }
            try await walk.go(
                "GET", "/v1/me", token: nil, headers: [(name: "authorization", value: "Basic \(Self.pasted)")]
            )
            let cut = #"{"name":"x","purpose":"\#(Self.pasted)""#
            walk.note(
                "a body that is cut off",
                try await walk.node.send(
                    "POST", "/v1/service-accounts", Array(cut.utf8), type: "application/json"))
            // The second is told that it is done, and not the token again.
            let once = [(name: "idempotency-key", value: "canary")]
            let made = try await walk.node.call("POST", "/v1/access-tokens", ["name": "once"], headers: once)
            try canaries.watch("access token made once", made.json["token"]?.asString)
            try await walk.go("POST", "/v1/access-tokens", ["name": "once"], headers: once)
        }

        /// What a holder gets wrong with a deposit link.
        private func depositing(_ walk: inout Walk) async throws {
            let pasted = JSONValue.string(Self.pasted)
            let credential: JSONValue = ["api_key": pasted, "secret": pasted, "passphrase": pasted]
            for path in ["/v1/deposits", "/v1/deposits/look"] {
                let body: JSONValue = ["token": pasted, "credential": credential]
                try await walk.go("POST", path, body, token: nil)
                try await walk.go("GET", "\(path)/kbd_\(Self.pasted)", token: nil)
            }
            try await walk.go("GET", "/deposit?token=kbd_\(Self.pasted)", token: nil)
        }

        /// The same without a database.
        private func away(_ walk: inout Walk, _ server: RunningPostgres) async throws {
            try await server.stop()
            try await walk.go("GET", "/v1/me")
            try await walk.go("POST", "/v1/access-tokens", ["name": "away"])
            try await walk.go("GET", "/readyz")
            try await walk.go("GET", "/metrics")
            try await server.start()
            try await wait(until: "the node is ready again") { await walk.node.isReady }
        }
    }
}
