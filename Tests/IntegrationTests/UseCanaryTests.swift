import JSON
import Postgres
import TestSupport
import Testing

extension IntegrationTests {
    /// T4 for keys in use: no answer, log or metric carries a key's secret or passphrase, whatever the
    /// exchange, the database and the caller do.
    @Suite struct UseCanaryTests {
        private static let password = "canarypassword7Qx2database"
        private static let keys: [(venue: StandInExchange.Venue, environment: String, secret: String)] = [
            (.binance, "testnet", "canaryBinance0secret9Kq4Zt7Wm2"),
            (.kraken, "demo", "Y2FuYXJ5IG9mIEtyYWtlbiwgYmFzZTY0IGFzIHRoZXkgd2FudA=="),
            (.okx, "demo", "CANARY0F0OKX0SECRET9Kq4Zt7Wm2Xy"),
        ]
        private static let passphrase = "canaryPassphrase5Vn8okx"

        /// One walk over everything that is said.
        private struct Walk {
            let node: RunningNode
            let standIn: StandInExchange
            let bot: String
            var answers: [(what: String, text: String)] = []
            var statuses: Set<Int> = []

            @discardableResult
            mutating func go(
                _ method: String, _ target: String, _ body: JSONValue? = nil,
                headers: [(name: String, value: String)] = [], token: RunningNode.Token? = .owner
            ) async throws -> LoopbackMessage {
                let answer = try await node.call(method, target, body, token: token, headers: headers)
                answers.append(("\(method) \(target.prefix(60))", answer.everything))
                statuses.insert(answer.status)
                return answer
            }
        }

        @Test func `T4: no secret is seen while keys sign and send, at debug level and when things fail`()
            async throws
        {
            let canaries = Canaries()
            for key in Self.keys { try canaries.watch("secret of \(key.venue)", key.secret) }
            try canaries.watch("passphrase", Self.passphrase)
            try canaries.watch("database password", Self.password)
            try await StandInExchange.with { standIn in
                try await RunningPostgres.with { server in
                    var url = server.url()
                    url.password = Self.password
                    try await RunningNode.with(.database(url), Self.settings(standIn)) { node in
                        let walk = try await walk(node, standIn, server, canaries)
                        for (what, text) in walk.answers {
                            #expect(canaries.seen(in: text).isEmpty, "in the answer to \(what)")
                        }
                        #expect(walk.statuses.isSuperset(of: [200, 400, 403, 404, 409, 422, 502, 503, 504]))
                        let log = node.log
                        #expect(log.contains(#""level":"debug""#), "nothing was said at debug level")
                        #expect(canaries.seen(in: log).isEmpty, "in the service's log")
                        let words = server.folder.read("server.log") ?? ""
                        #expect(canaries.seen(in: words).isEmpty, "in PostgreSQL's log")
                    }
                }
            }
        }

        private static func settings(_ standIn: StandInExchange) -> [String: String] {
            [
                "KEYBELL_LOG": "debug",
                "KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": standIn.baseURL(.binance),
                "KEYBELL_STANDIN_KRAKEN_DEMO_SPOT": standIn.baseURL(.kraken),
                "KEYBELL_STANDIN_OKX_DEMO_MAIN": standIn.baseURL(.okx),
            ]
        }

        private func walk(
            _ node: RunningNode, _ standIn: StandInExchange, _ server: RunningPostgres, _ canaries: Canaries
        ) async throws -> Walk {
            try await node.bootstrap()
            try canaries.watch("owner's access token", node.ownerToken)
            let made = try await node.must("POST", "/v1/access-tokens", ["name": "stock client"])
            let bot = made["token"]?.asString ?? ""
            try canaries.watch("bot's access token", bot)
            var walk = Walk(node: node, standIn: standIn, bot: bot)
            let paths = try await register(node, standIn)
            for (key, path) in zip(Self.keys, paths) {
                try await ordinary(&walk, key.venue, path)
                try await denied(&walk, key.venue, path)
                try await failing(&walk, key.venue, key.secret, path)
            }
            try await lists(&walk, paths)
            try await away(&walk, server, paths)
            return walk
        }

        private func register(_ node: RunningNode, _ standIn: StandInExchange) async throws -> [String] {
            var paths: [String] = []
            for key in Self.keys {
                let passphrase = key.venue == .okx ? Self.passphrase : nil
                var known = StandInExchange.Key(
                    key.venue, "key-of-the-desk", .secret(key.secret), passphrase: passphrase,
                    permissions: ["read", "trade_spot"], addresses: ["127.0.0.1"])
                known.isDemo = key.venue == .okx
                try await standIn.register(known)
                var credential: JSONValue = [
                    "api_key": "key-of-the-desk", "secret": .string(key.secret),
                ]
                if let passphrase {
                    credential = [
                        "api_key": "key-of-the-desk", "secret": .string(key.secret),
                        "passphrase": .string(passphrase),
                    ]
                }
                let made = try await node.must(
                    "POST", "/v1/keys",
                    [
                        "exchange": .string(key.venue.rawValue), "account": "main", "label": "watched",
                        "environment": .string(key.environment), "permissions": ["read", "trade_spot"],
                        "ip_allow_list": ["127.0.0.1"], "credential": credential,
                    ])
                let path = "/v1/keys/\(made.id)"
                let told = try await node.must("POST", path + "/verify", ["accept_risks": "a stand-in"])
                try #require(told["status"] == "active", "\(told)")
                let published = try await node.call(
                    "PUT", path + "/policy", UseDesk.policy(["read", "trade", "cancel"], limit: 100_000),
                    headers: [("if-match", "*")])
                try #require(published.status == 200, "\(published.text)")
                paths.append(path)
            }
            return paths
        }

        // MARK: What is asked

        private static func read(_ venue: StandInExchange.Venue) -> (method: String, path: String) {
            switch venue {
            case .kraken: ("POST", "/spot/0/private/Balance")
            case .okx: ("GET", "/main/api/v5/account/balance")
            default: ("GET", "/spot/api/v3/account")
            }
        }

        private static func order(_ venue: StandInExchange.Venue) -> String {
            switch venue {
            case .kraken: "/spot/0/private/AddOrder"
            case .okx: "/main/api/v5/trade/order"
            default: "/spot/api/v3/order?" + UseDesk.order
            }
        }

        private static func body(_ venue: StandInExchange.Venue) -> JSONValue? {
            switch venue {
            case .kraken:
                ["pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "30000", "volume": "0.01"]
            case .okx:
                [
                    "instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "px": "30000",
                    "sz": "0.01",
                ]
            default: nil
            }
        }

        private static func parts(_ target: String, _ method: String) -> JSONValue {
            let words = target.split(separator: "/", maxSplits: 1)
            return [
                "method": .string(method), "host": .string(String(words[0])),
                "path": .string("/" + (words[1].split(separator: "?").first.map(String.init) ?? "")),
                "query": [],
            ]
        }

        private func ordinary(
            _ walk: inout Walk, _ venue: StandInExchange.Venue, _ path: String
        ) async throws {
            let read = Self.read(venue)
            let trace = [
                (name: "traceparent", value: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            ]
            let answer = try await walk.go(read.method, "\(path)/proxy\(read.path)", headers: trace)
            #expect(answer.status == 200, "\(venue): \(answer.everything)")
            try await walk.go("POST", "\(path)/proxy\(Self.order(venue))", Self.body(venue), headers: trace)
            for place in ["/sign", "/sign/dry-run"] {
                try await walk.go("POST", path + place, Self.parts(read.path, read.method), headers: trace)
                try await walk.go("POST", path + place, Self.parts(Self.order(venue), "POST"))
            }
        }

        /// Refused before anything is signed, as a problem and in the exchange's own words.
        private func denied(
            _ walk: inout Walk, _ venue: StandInExchange.Venue, _ path: String
        ) async throws {
            let field = venue == .binance ? "x-mbx-apikey" : venue == .okx ? "ok-access-key" : "api-key"
            for target in [
                "/spot/sapi/v1/capital/withdraw/apply", "/spot/0/private/Withdraw",
                "/main/api/v5/asset/withdrawal",
                "/nowhere/x", "/spot//x", "/spot/%2e%2e/x", "/spot/x%0",
            ] {
                try await walk.go("POST", "\(path)/proxy\(target)", ["amount": "1"])
                try await walk.go(
                    "POST", "\(path)/proxy\(target)", ["amount": "1"],
                    headers: [(name: field, value: walk.bot)], token: nil)
                try await walk.go("POST", path + "/sign", Self.parts(String(target.dropFirst()), "POST"))
            }
            for body: JSONValue in [
                [:], ["method": "GET"], ["method": "GET", "host": "x", "path": "y", "query": 1],
            ] {
                try await walk.go("POST", path + "/sign", body)
            }
            try await walk.go("GET", "/v1/keys/key_00000000000000000000000001/proxy/spot/x")
            let once = [(name: "idempotency-key", value: "canary-\(venue)")]
            for _ in 0..<2 {
                try await walk.go(
                    "POST", path + "/sign", Self.parts(Self.read(venue).path, "GET"), headers: once)
            }
        }

        /// What a hostile or broken exchange answers.
        private func failing(
            _ walk: inout Walk, _ venue: StandInExchange.Venue, _ secret: String, _ path: String
        ) async throws {
            // What belongs to another key is nothing to this one.
            let own = venue == .okx ? Self.passphrase : secret
            let changes: [(inout StandInExchange.Behaviour) -> Void] = [
                { $0.fail = 500 }, { $0.retryAfter = 1 }, { $0.maintenance = true }, { $0.rubbish = true },
                { $0.drop = .afterRequest }, { $0.drop = .midAnswer }, { $0.echo = secret },
                { $0.echo = own },
                { $0.headers = ["X-Debug": secret, "Set-Cookie": own] },
                { ($0.fail, $0.body) = (400, #"{"msg": "bad signature for \#(secret)"}"#) },
            ]
            let read = Self.read(venue)
            for change in changes {
                var behaviour = StandInExchange.Behaviour()
                change(&behaviour)
                try await walk.standIn.behave(behaviour, at: venue)
                try await walk.go(read.method, "\(path)/proxy\(read.path)")
                try await walk.go("POST", "\(path)/proxy\(Self.order(venue))", Self.body(venue))
            }
            try await walk.standIn.behave(StandInExchange.Behaviour(), at: venue)
        }

        private func lists(_ walk: inout Walk, _ paths: [String]) async throws {
            for list in [
                "/metrics", "/v1/usage-events?limit=200", "/v1/usage-summary?group_by=key",
                "/v1/events?limit=1000",
                "/v1/audit-records?limit=200", "/v1/audit/export", "/v1/keys", "/v1/exchanges", "/v1/system",
            ] + paths.flatMap({ ["\($0)", "\($0)/usage", "\($0)/policy", "\($0)/policy/proposal"] }) {
                let answer = try await walk.go("GET", list)
                #expect(answer.status == 200, "\(list): \(answer.text.prefix(300))")
            }
        }

        /// The same without a database.
        private func away(_ walk: inout Walk, _ server: RunningPostgres, _ paths: [String]) async throws {
            try await server.stop()
            for (key, path) in zip(Self.keys, paths) {
                let read = Self.read(key.venue)
                try await walk.go(read.method, "\(path)/proxy\(read.path)")
                try await walk.go("POST", path + "/sign", Self.parts(read.path, read.method))
            }
            try await walk.go("GET", "/metrics")
            // Says at debug level why.
            #expect(try await walk.go("GET", "/readyz").status == 503)
            try await server.start()
            try await wait(until: "the node is ready again") { await walk.node.isReady }
        }
    }
}
