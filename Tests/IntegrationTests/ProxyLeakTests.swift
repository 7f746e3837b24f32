import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// T22: a proxy leaks nothing either way, and sends an order once, whatever the exchange does.
    @Suite struct ProxyLeakTests {
        typealias Headers = [(name: String, value: String)]

        /// It holds a slash, which JSON may spell in two ways.
        static let secret = "c2VjcmV0/W9mLXRoZS1zdGFuZC1pbi1leGNoYW5nZQ=="
        private static let apiKey = "key-of-the-desk"
        private static let order =
            "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=30000"
        /// In every header that must not pass.
        private static let mark = "must-not-pass"

        struct Desk: Sendable {
            let node: RunningNode
            let standIn: StandInExchange
            let proxy: String

            func read(_ headers: Headers = []) async throws -> LoopbackMessage {
                try await node.call("GET", proxy + "/api/v3/account", headers: headers)
            }

            func place(_ headers: Headers = []) async throws -> LoopbackMessage {
                try await node.send(
                    "POST", proxy + "/api/v3/order", Array(ProxyLeakTests.order.utf8),
                    type: "application/x-www-form-urlencoded", headers: headers)
            }

            /// Signed requests that came since `count` of them had.
            func requests(after count: Int = 0) async throws -> [StandInExchange.Record] {
                Array(try await standIn.requests(.binance, apiKey: ProxyLeakTests.apiKey).dropFirst(count))
            }

            func behave(_ change: (inout StandInExchange.Behaviour) -> Void) async throws {
                var behaviour = StandInExchange.Behaviour()
                change(&behaviour)
                try await standIn.behave(behaviour, at: .binance, apiKey: ProxyLeakTests.apiKey)
            }

            /// Of all orders, by the exchange's book.
            func clientOrderIDs() async throws -> [String] {
                try await standIn.orders(.binance).map { $0["client_id"]?.asString ?? "" }
            }
        }

        func run(_ body: (Desk) async throws -> Void) async throws {
            try await StandInExchange.with { standIn in
                try await standIn.register(
                    .init(
                        .binance, Self.apiKey, .secret(Self.secret), permissions: ["read", "trade_spot"],
                        addresses: ["127.0.0.1"]))
                let settings = ["KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": standIn.baseURL(.binance)]
                try await RunningNode.with(.scratch(), settings) { node in
                    try await node.bootstrap()
                    let path = try await key(node)
                    try await body(Desk(node: node, standIn: standIn, proxy: path + "/proxy/spot"))
                    #expect(!node.log.contains(Self.secret))
                }
            }
        }

        private func key(_ node: RunningNode) async throws -> String {
            let made = try await node.must(
                "POST", "/v1/keys",
                [
                    "exchange": "binance", "account": "main", "label": "leak", "environment": "testnet",
                    "permissions": ["read", "trade_spot"], "ip_allow_list": ["127.0.0.1"],
                    "credential": ["api_key": .string(Self.apiKey), "secret": .string(Self.secret)],
                ])
            let path = "/v1/keys/\(made.id)"
            let told = try await node.must("POST", path + "/verify", ["accept_risks": "a stand-in"])
            try #require(told["status"] == "active", "\(told)")
            let version = try await node.must("GET", path)["policy_version"]?.asInt ?? 0
            let published = try await node.call(
                "PUT", path + "/policy", ["operations": ["read", "trade", "cancel"]],
                headers: [("if-match", "\"\(version)\"")])
            try #require(published.status == 200, "\(published.text)")
            return path
        }
    }
}

// MARK: Headers

extension IntegrationTests.ProxyLeakTests {
    private static let towards: Set<String> = [
        "host", "accept", "accept-encoding", "user-agent", "content-length", "content-type", "x-mbx-apikey",
    ]
    private static let back: Set<String> = [
        "date", "content-type", "content-length", "connection", "x-request-id", "x-content-type-options",
        "cache-control", "content-security-policy", "referrer-policy", "keybell-upstream", "keybell-usage-id",
        "keybell-client-order-ids", "server-timing", "x-mbx-used-weight-1m", "x-mbx-order-count-10s",
        "x-mbx-order-count-1d", "ratelimit", "ratelimit-policy", "ratelimit-limit", "ratelimit-remaining",
        "ratelimit-reset",
    ]

    @Test func `T22: towards the exchange goes what it needs, and nothing of the caller's`() async throws {
        try await run { desk in
            let before = try await desk.requests().count
            let names = [
                "cookie", "x-forwarded-for", "forwarded", "x-real-ip", "via", "traceparent", "tracestate",
                "baggage", "x-http-method-override", "x-http-method", "x-method-override", "origin",
                "referer",
                "x-request-id", "user-agent", "proxy-authorization", "x-api-key", "content-language",
            ]
            let headers = names.map { (name: $0, value: Self.mark) }
            #expect(try await desk.read(headers).status == 200)
            #expect(try await desk.place(headers).status == 200)
            let requests = try await desk.requests(after: before)
            #expect(requests.map(\.method) == ["GET", "POST"])
            for request in requests {
                let members = request.json["headers"]?.asObject?.members ?? []
                let more = Set(members.map(\.name)).subtracting(Self.towards)
                #expect(more.isEmpty, "\(more)")
                #expect(request.header("x-mbx-apikey") == Self.apiKey)
                for forbidden in [Self.mark, "kbt_", "Bearer"] {
                    #expect(!"\(request.json)".contains(forbidden), "\(request.json)")
                }
            }
        }
    }

    @Test func `T22: back come the answer, its type and its rates, and nothing that a browser acts on`()
        async throws
    {
        try await run { desk in
            try await desk.behave { behaviour in
                let names = [
                    "Set-Cookie", "Location", "Alt-Svc", "Access-Control-Allow-Origin", "Refresh", "Link",
                    "Access-Control-Allow-Credentials", "Strict-Transport-Security", "WWW-Authenticate",
                    "Content-Security-Policy", "Keybell-Usage-Id", "Keybell-Upstream", "Clear-Site-Data",
                    "Service-Worker-Allowed", "X-Request-ID", "Server-Timing",
                ]
                behaviour.headers = Dictionary(uniqueKeysWithValues: names.map { ($0, Self.mark) })
            }
            for answer in [try await desk.read(), try await desk.place()] {
                #expect(answer.status == 200, "\(answer.everything)")
                #expect(!answer.everything.contains(Self.mark), "\(answer.everything)")
                let names = answer.fields.map { $0.name.lowercased() }
                #expect(Set(names).subtracting(Self.back).isEmpty, "\(answer.everything)")
                #expect(Set(names).count == names.count, "\(names)")
                #expect(answer.header("keybell-upstream") == "yes")
                #expect(answer.header("content-security-policy") == "sandbox")
                #expect(answer.header("x-content-type-options") == "nosniff")
                #expect(answer.header("cache-control") == "no-store")
                #expect(answer.header("x-mbx-used-weight-1m") != nil)
            }
            // What nobody can decode nobody passes on, and of an order nobody says that it was not placed.
            try await desk.behave { $0.headers = ["Content-Encoding": Self.mark] }
            #expect(try await desk.read().status == 502)
            try await expectUnknown(try await desk.place(), desk, after: 1)
        }
    }

    @Test func `T22: nobody follows a redirection`() async throws {
        try await run { desk in
            try await desk.behave { behaviour in
                (behaviour.fail, behaviour.body) = (307, "over there")
                behaviour.headers = ["Location": desk.standIn.baseURL(.binance) + "/api/v3/elsewhere"]
            }
            let before = try await desk.requests().count
            let everything = try await desk.standIn.requests(.binance).count
            for answer in [try await desk.read(), try await desk.place()] {
                #expect(answer.status == 307)
                #expect(answer.header("location") == nil)
                #expect(answer.text == "over there")
            }
            #expect(try await desk.requests(after: before).count == 2)
            let others = try await desk.standIn.requests(.binance).dropFirst(everything)
            #expect(!others.contains { $0.path == "/api/v3/elsewhere" })
        }
    }
}

// MARK: Answers

extension IntegrationTests.ProxyLeakTests {
    /// 504, with the very id under which the exchange has the only order that came since.
    private func expectUnknown(_ answer: LoopbackMessage, _ desk: Desk, after before: Int) async throws {
        #expect(answer.status == 504, "\(answer.everything)")
        #expect(answer.json["code"] == "outcome_unknown")
        #expect(answer.header("keybell-usage-id") != nil)
        #expect(answer.header("keybell-upstream") == nil)
        let named = answer.json["client_order_ids"]?.asArray?.compactMap(\.asString) ?? []
        #expect(named.count == 1)
        #expect(answer.header("keybell-client-order-ids") == named.first)
        let placed = Array(try await desk.clientOrderIDs().dropFirst(before))
        #expect(placed == named, "\(placed)")
    }

    @Test func `T22: an order that is taken, and of which nothing is heard, was sent once`() async throws {
        try await run { desk in
            // A connection is kept now, which libcurl would send an order on again.
            for _ in 0..<3 { #expect(try await desk.read().status == 200) }
            let drops: [StandInExchange.Behaviour.Drop] = [.afterRequest, .midAnswer]
            for (count, drop) in drops.enumerated() {
                try await desk.behave { $0.drop = drop }
                let before = try await desk.requests().count
                try await expectUnknown(try await desk.place(), desk, after: count)
                #expect(try await desk.requests(after: before).count == 1)
            }
        }
    }

    @Test func `T22: kept connections that died cost a read nothing, and an order is not sent twice`()
        async throws
    {
        try await run { desk in
            #expect(try await desk.place().status == 200)
            for round in 0..<3 {
                #expect(try await desk.read().status == 200)
                try await desk.standIn.goOut(.binance)
                try await desk.standIn.comeBack(.binance)
                let before = try await desk.requests().count
                #expect(try await desk.place().status == 200)
                #expect(try await desk.read().status == 200)
                #expect(try await desk.requests(after: before).map(\.method) == ["POST", "GET"])
                #expect(try await desk.clientOrderIDs().count == round + 2)
            }
            try await desk.standIn.goOut(.binance)
            let answer = try await desk.place()
            #expect(answer.status == 502)
            #expect(answer.json["code"] == "exchange_unavailable")
            #expect(try await desk.clientOrderIDs().count == 4)
        }
    }

    @Test func `T22: an answer of 20 MB is not passed on; of an order nobody says that it was not placed`()
        async throws
    {
        try await run { desk in
            try await desk.behave { $0.huge = 20 << 20 }
            let answer = try await desk.read()
            #expect(answer.status == 502, "\(answer.status)")
            #expect(answer.json["code"] == "exchange_unavailable")
            try await expectUnknown(try await desk.place(), desk, after: 0)
            try await desk.behave { $0.huge = 12 << 20 }
            let large = try await desk.read()
            #expect(large.status == 200)
            #expect(large.body.count > 12 << 20)
        }
    }

    @Test func `T22: a slow answer is waited for, within bounds`() async throws {
        try await run { desk in
            try await desk.behave { $0.dripMilliseconds = 100 }
            #expect(try await desk.read().json["balances"] != nil)
            try await desk.behave { $0.stallMilliseconds = 600_000 }
            try await expectUnknown(try await desk.place(), desk, after: 0)
        }
    }

    @Test func `T22: what is no answer of an API is passed on as what it is`() async throws {
        try await run { desk in
            try await desk.behave { $0.rubbish = true }
            for answer in [try await desk.read(), try await desk.place()] {
                #expect(answer.status == 200)
                #expect(answer.text.hasPrefix("<html>"))
                #expect(answer.header("content-security-policy") == "sandbox")
                #expect(answer.header("x-content-type-options") == "nosniff")
            }
        }
    }

    @Test func `T22: an answer with a secret in it is withheld, however JSON spells it`() async throws {
        try await run { desk in
            let spelled = Self.secret.replacing("/", with: "\\/")
            let bodies = [
                #"{"echo":"\#(Self.secret)"}"#, #"{"echo":"\#(spelled)"}"#, "text with \(Self.secret) in it",
                #"{"data":[{"apiKey":"x","secretKey":"\#(Self.mark)"}]}"#,
                #"{"listenKey":"\#(Self.mark)"}"#,
            ]
            for body in bodies {
                try await desk.behave { ($0.fail, $0.body) = (200, body) }
                let answer = try await desk.read()
                #expect(answer.status == 403, "\(body)")
                #expect(answer.json["code"] == "policy_denied")
                for hidden in [Self.secret, spelled, Self.mark] {
                    #expect(!answer.everything.contains(hidden), "\(answer.everything)")
                }
            }
            // Nor where it comes as nobody asked for it.
            for coding in ["gzip", "utf-16"] {
                try await desk.behave { ($0.fail, $0.body, $0.coding) = (200, bodies[0], coding) }
                let answer = try await desk.read()
                #expect(answer.status == 403, "\(coding): \(answer.everything)")
            }
            try await desk.behave { $0.coding = "gzip" }
            #expect(try await desk.read().json["balances"] != nil, "what says nothing is readable")
            // Or beside the body.
            try await desk.behave { $0.headers = ["Retry-After": Self.secret, "X-Mbx-Used-Weight-9m": "7"] }
            let beside = try await desk.read()
            #expect(beside.status == 200 && beside.header("x-mbx-used-weight-9m") == "7")
            #expect(!beside.everything.contains(Self.secret), "\(beside.everything)")
            // The order is there, whatever its answer holds.
            try await desk.behave { $0.echo = Self.secret }
            let answer = try await desk.place()
            #expect(!answer.everything.contains(Self.secret))
            try await expectUnknown(answer, desk, after: 0)
        }
    }
}
