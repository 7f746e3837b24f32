import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// What is signed, sent and denied answers as the contract says: with an exchange, and a key that it knows.
struct UseAnswerTests {
    private static let order =
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=50000"

    @Test func `a request is signed once for an Idempotency-Key, and only where the policy allows it`()
        async throws
    {
        try await Self.open { desk in
            let body = try #require(
                Contract.shared().operations.first { $0.id == "signRequest" }?
                    .body["requestBody"]?["content"]?["application/json"]?["example"])
            let key = [(name: "idempotency-key", value: "one-and-only")]
            let signed = try await desk.call("POST", "/sign", headers: key, body: body)
            #expect(signed.status == 200, "\(signed.text)")
            let again = try await desk.call("POST", "/sign", headers: key, body: body)
            #expect(again.code == "already_done", "\(again.text)")
            #expect(again.json["resource_id"] == signed.json["usage_id"])
            let denied = try await desk.call("POST", "/sign", body: Self.withdrawal)
            #expect(denied.code == "policy_denied", "\(denied.text)")
            #expect(denied.json["clauses"]?[0]?.asObject?.contains("reason") == true)
            #expect(denied.response.head["keybell-usage-id"] == denied.json["usage_id"]?.asString)
        }
    }

    @Test func `a request is sent once for an Idempotency-Key, and a repeat is told what became of it`()
        async throws
    {
        try await Self.open { desk in
            let key = [(name: "idempotency-key", value: "one-and-only")]
            let path = "/proxy/spot/sapi/v3/asset/getUserAsset"
            func refused(_ answer: TestAnswer) -> Bool {
                answer.status == 409 && answer.code == "already_sent"
            }
            let first = try await desk.call("POST", path, headers: key)
            let sent = try await desk.standIn.requests(.binance, apiKey: "desk-key").count
            let usage = try #require(first.response.head["keybell-usage-id"], "\(first.text)")
            try await wait(until: "its outcome is written") {
                let again = try await desk.call("POST", path, headers: key)
                guard refused(again), again.json["usage_id"]?.asString == usage else {
                    throw Impatience("\(again.text)")
                }
                return again.json["outcome"]?.asString != "authorised"
            }
            let other = try await desk.call("POST", path + "?a=b", headers: key)
            #expect(other.code == "idempotency_key_reused", "\(other.text)")
            #expect(try await desk.standIn.requests(.binance, apiKey: "desk-key").count == sent)
        }
    }

    @Test func `who may not read policies is told which of their clauses deny, and why whatever else does`()
        async throws
    {
        try await Self.open { desk in
            let bot = try await desk.premises.join("bot", .bot, by: desk.owner).token
            for path in ["/sign", "/sign/dry-run", "/proxy-dry-run"] {
                let answer = try await desk.call("POST", path, as: bot, body: Self.withdrawal)
                let clauses = answer.json["clauses"]?.asArray ?? []
                #expect(!clauses.isEmpty, "\(answer.text)")
                for clause in clauses {
                    let isOfPolicy = clause["clause"] != "approval" && clause["clause"] != "permissions"
                    let names = isOfPolicy ? ["clause", "verdict"] : ["clause", "verdict", "reason"]
                    #expect(clause.asObject?.members.map(\.name) == names)
                    #expect(clause["verdict"] == "denied")
                }
            }
            let path = "/proxy/spot/api/v3/order?\(Self.order)"
            let denied = try await desk.call("POST", path, as: bot)
            #expect(
                denied.json["detail"] == "The key's policy does not allow this, by its clause operations.")
            let odd = try await desk.call("GET", "/proxy/spott/api/v3/account", as: bot)
            #expect(odd.json["detail"] == "host: is not one of this exchange", "\(odd.text)")
        }
    }

    private static let patient = Statement(
        "patient", "select set_config('statement_timeout', '0', false)")
    private static let long = Statement("long", "select pg_sleep(3600)")
    private static let endLong = Statement(
        "end_long",
        "select pg_cancel_backend(pid) from pg_stat_activity where query = 'select pg_sleep(3600)'")

    @Test func `somebody else's long read keeps no caller out, holds no use back, and leaves the node ready`()
        async throws
    {
        try await Self.open { desk in
            let bot = try await desk.premises.join("bot", .bot, by: desk.owner).token
            let database = desk.premises.host.database
            _ = try await database.query(Self.patient)
            let long = database.send(Self.long)
            // Neither the bot nor the key were seen here before.
            let sent = try await desk.call(
                "GET", "/proxy/spot/api/v3/openOrders?symbol=BTCUSDT", as: bot)
            #expect(sent.status == 200, "\(sent.text)")
            let asset = try await desk.call(
                "POST", "/proxy/spot/sapi/v3/asset/getUserAsset", as: bot,
                headers: [(name: "idempotency-key", value: "once")])
            #expect(asset.response.head["keybell-usage-id"] != nil, "\(asset.text)")
            let stranger = try await desk.call("GET", "", as: String(bot.dropLast(2)))
            #expect(stranger.status == 401, "\(stranger.text)")
            #expect(try await desk.premises.call("GET", "/readyz").status == 200)
            #expect(long.answer == nil)
            try await database.transaction { _ = try await $0.query(Self.endLong) }
            _ = try? await long.rows()
        }
    }

    @Test func `two access tokens that differ, or two Idempotency-Keys, are none`() async throws {
        try await Self.open { desk in
            let bot = try await desk.premises.join("bot", .bot, by: desk.owner).token
            let path = "/proxy/spot/api/v3/openOrders?symbol=BTCUSDT"
            for field in ["x-mbx-apikey", "keybell-token"] {
                func ask(_ token: String) async throws -> Int {
                    try await desk.call("GET", path, headers: [(name: field, value: token)]).status
                }
                #expect(try await ask(bot) == 401)
                #expect(try await ask(desk.owner.token) == 200)
            }
            let twice = ["a", "b"].map { (name: "idempotency-key", value: $0) }
            let refused = try await desk.call(
                "POST", "/proxy/spot/sapi/v3/asset/getUserAsset", headers: twice)
            #expect(refused.status == 400, "\(refused.text)")
        }
    }

    @Test func `what the exchange answers comes back as its own`() async throws {
        try await Self.open { desk in
            let read = try await desk.call("GET", "/proxy/spot/api/v3/openOrders?symbol=BTCUSDT")
            #expect(read.status == 200, "\(read.text)")
            #expect(read.response.head["keybell-upstream"] == "yes")
            #expect(read.response.head["keybell-usage-id"]?.hasPrefix("use_") == true)
            let refused = try await desk.call("GET", "/proxy/spot/api/v3/openOrders?symbol=NONE!")
            #expect(refused.status >= 400 && refused.response.head["keybell-upstream"] == "yes")
        }
    }

    @Test func `a refusal is a problem, and speaks the exchange's dialect to its own clients`() async throws {
        try await Self.open { desk in
            let path = "/proxy/spot/api/v3/order?\(Self.order)"
            let problem = try await desk.call("POST", path)
            #expect(problem.status == 403 && problem.code == "policy_denied", "\(problem.text)")
            let dialect = try await desk.premises.call(
                "POST", desk.path + path, headers: [(name: "x-mbx-apikey", value: desk.owner.token)])
            #expect(dialect.response.head["keybell-problem"] == "policy_denied", "\(dialect.text)")
            #expect(dialect.json["code"]?.asInt != nil, "\(dialect.text)")
            for answer in [problem, dialect] {
                #expect(answer.response.head["keybell-usage-id"]?.hasPrefix("use_") == true)
            }
        }
    }

    @Test func `a token of Keybell within a request is neither sent nor kept`() async throws {
        try await Self.open { desk in
            let token = desk.owner.token
            let escaped = token.replacing("_", with: "%5F")
            func uses() async throws -> Int? {
                let path = "/v1/usage-events?limit=100"
                return try await desk.premises.call("GET", path, as: token).json["data"]?.asArray?.count
            }
            let known = try await uses()
            let sent = try await desk.standIn.requests(.binance, apiKey: "desk-key").count
            for (method, path, body, pointer) in [
                ("GET", "/proxy/spot/api/v3/account?access_token=\(token)", nil, "query:access_token"),
                ("GET", "/proxy/spot/api/v3/account?a=b&\(escaped)", nil, "query:"),
                ("GET", "/proxy/spot/api/v3/account/\(escaped)", nil, "path:path"),
                ("POST", "/proxy/spot/api/v3/order", ["x": .string(token)], ""),
                ("POST", "/sign", Self.read(["query": [["access_token", .string(token)]]]), "/query"),
                ("POST", "/sign/dry-run", Self.read(["path": .string("/api/\(token)")]), "/path"),
                ("POST", "/proxy-dry-run", Self.read(["body": .string("a=\(escaped)")]), "/body"),
            ] as [(String, String, JSONValue?, String)] {
                let answer = try await desk.call(method, path, body: body)
                #expect(answer.status == 400 && answer.code == "invalid_parameter", "\(answer.text)")
                #expect(answer.pointers == [pointer], "\(answer.text)")
                #expect(!answer.text.contains(token.dropFirst(4)), "it is not told back")
            }
            #expect(try await uses() == known)
            #expect(try await desk.standIn.requests(.binance, apiKey: "desk-key").count == sent)
        }
    }

    private static func read(_ more: JSONValue) -> JSONValue {
        var members: [(name: String, value: JSONValue)] = [("method", "GET"), ("host", "spot")]
        members += more.asObject?.members.map { ($0.name, $0.value) } ?? []
        if more["path"] == nil { members.append(("path", "/api/v3/account")) }
        return .object(JSONObject(members: members))
    }

    @Test func `an exchange that is away is told as such`() async throws {
        try await Self.open { desk in
            var silence = StandInExchange.Behaviour()
            silence.drop = .afterRequest
            try await desk.standIn.behave(silence, at: .binance)
            let away = try await desk.call("GET", "/proxy/spot/api/v3/openOrders?symbol=BTCUSDT")
            #expect(away.status == 502 && away.code == "exchange_unavailable", "\(away.text)")
        }
    }
}

// MARK: A desk with a key that is taken

extension UseAnswerTests {
    struct Desk {
        let premises: Premises
        let standIn: StandInExchange
        let owner: Person
        /// Of the key.
        let path: String

        nonisolated(nonsending) func call(
            _ method: String, _ place: String, as token: String? = nil,
            headers: [(name: String, value: String)] = [], body: JSONValue? = nil,
            from peer: SocketAddress = Premises.remote
        ) async throws -> TestAnswer {
            try await premises.call(
                method, path + place, as: token ?? owner.token, headers: headers,
                body: body.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "", from: peer)
        }
    }

    static let withdrawal: JSONValue = [
        "method": "POST", "host": "spot", "path": "/sapi/v1/capital/withdraw/apply",
        "query": [["coin", "BTC"], ["address", "a"], ["amount", "1"]],
    ]

    private static let secret = "c2VjcmV0LW9mLXRoZS1kZXNr"

    /// As the exchange knows it.
    static func key(permissions: [String]) -> StandInExchange.Key {
        .init(
            .binance, "desk-key", .secret(secret), permissions: permissions, addresses: ["127.0.0.1"])
    }

    /// The key may read, through both ways.
    static func open(_ body: @Sendable (Desk) async throws -> Void) async throws {
        try await StandInExchange.with { standIn in
            try await standIn.register(key(permissions: ["read"]))
            // Ours begins at a fixed moment, and runs.
            let later = Timestamp.testStart.seconds * 1_000 + 1_800_000
            try await standIn.freezeClock(atMilliseconds: later, slack: 3_600_000)
            try await Premises.open(isRunning: true, exchange: standIn.baseURL(.binance)) { _, premises in
                let owner = try await premises.owner()
                try await body(desk(premises, standIn, owner))
                #expect(premises.mistakes == [])
            }
        }
    }

    private nonisolated(nonsending) static func desk(
        _ premises: Premises, _ standIn: StandInExchange, _ owner: Person
    ) async throws -> Desk {
        let made = try await premises.call(
            "POST", "/v1/keys", as: owner.token,
            body: """
                {"exchange":"binance","account":"main","label":"reader","environment":"testnet",\
                "permissions":["read"],"ip_allow_list":["127.0.0.1"],\
                "credential":{"api_key":"desk-key","secret":"\(secret)"}}
                """)
        let path = "/v1/keys/\(made.json["id"]?.asString ?? "")"
        let told = try await premises.call("POST", path + "/verify", as: owner.token, body: "{}")
        #expect(told.json["status"] == "active", "\(told.text)")
        let policy = try await premises.call(
            "PUT", path + "/policy", as: owner.token, headers: [(name: "if-match", value: "\"0\"")],
            body: #"{"operations":["read"],"ways":["sign","proxy"]}"#)
        #expect(policy.status == 200, "\(policy.text)")
        return Desk(premises: premises, standIn: standIn, owner: owner, path: path)
    }
}
