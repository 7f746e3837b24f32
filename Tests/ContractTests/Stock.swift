import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Service

/// A desk with one of everything in it, made over the interface: what examples and lists are tried on.
struct Stock {
    let premises: Premises
    let owner: Person
    /// May push candles, and not use keys: what it pushes are prices for policy.
    let feeder: Person
    /// Asks for what the owner may approve.
    let asker: Person
    /// An owner with a password, who proves what nobody does unproven.
    let keeper: Person
    /// Ids by the names of path parameters, and of their kinds' prefixes.
    private(set) var ids: [String: String] = [
        "name": "key-expiry", "role": "trader", "code": "forbidden", "pack": "keys",
    ]

    /// - Parameter premises: running, because deliveries and signals come by themselves.
    init(_ premises: Premises, on worker: isolated Worker) async throws {
        self.premises = premises
        owner = try await premises.owner()
        feeder = try await premises.join("feeder", .analyst, by: owner)
        asker = try await premises.join("asker", .security, by: owner)
        _ = try await premises.join("second-of-security", .security, by: owner)
        keeper = try await premises.join("keeper", .owner, by: owner)
        try await addPeople()
        try await addApprovals()
        try await addSeries()
        try await addMarket()
        try await addPrices()
        try await addReceivers()
        for name in ["accounts", "signals", "alerts", "deliveries"] {
            try await awaitFirst(of: name, on: worker)
        }
        try await addUse()
        try await awaitBacktest(on: worker)
        for place in ["/v1/keys/{key_id}/policy", "/v1/accounts/{account_id}/policy", "/v1/desk/policy"] {
            try await addPolicy(path(place))
        }
    }

    private mutating func addUse() async throws {
        let told = try await premises.call(
            "POST", "/v1/usage-events", as: owner.token,
            body: """
                {"client_id":"stock","at":"\(Timestamp.testStart)","key_id":"\(ids["key_id"] ?? "")",\
                "operation":"trade","symbol":"BTCUSDT","side":"buy","notional_usd":"10","milliseconds":12.5}
                """, type: "application/x-ndjson")
        #expect(told.json["inserted"]?.asInt == 1, "\(told.text)")
        let uses = try await premises.call("GET", "/v1/usage-events?way=report", as: owner.token)
        ids["usage_id"] = try #require(uses.json["data"]?[0]?["id"]?.asString, "\(uses.text)")
    }

    /// And a draft of the next.
    private func addPolicy(_ path: String) async throws {
        for place in [path, path + "/draft"] {
            let put = try await premises.call(
                "PUT", place, as: owner.token, headers: [(name: "if-match", value: "*")],
                body: #"{"operations":["read"],"hosts":["spot"]}"#)
            #expect(put.status == 200, "\(place): \(put.text)")
        }
    }

    private mutating func addPeople() async throws {
        ids["user_id"] = try await premises.join("stock", .analyst, by: owner).id
        try await premises.setPassword(as: feeder.token)
        try await add(
            "service_account_id", "/v1/service-accounts", #"{"name":"stock bot","purpose":"to be looked at"}"#
        )
        try await add("break_glass_id", "/v1/break-glass", #"{"name":"stock envelope"}"#, as: keeper)
        ids["leaver_id"] = try await premises.join("leaver", .trader, by: owner).id
        let left = try await premises.insist(
            "POST", "/v1/users/\(ids["leaver_id"] ?? "")/offboard", as: owner.token,
            body: #"{"expect":"*","reason":"for the stock"}"#)
        #expect(left.status == 200, "\(left.text)")
        try await add("grant_id", "/v1/grants", #"{"principal_id":"BOT","role":"analyst","on":{}}"#)
        try await add("group_id", "/v1/groups", #"{"name":"stock"}"#)
        let path = "/v1/groups/\(ids["group_id"] ?? "")/members"
        let member = try await premises.call(
            "POST", path, as: owner.token, body: #"{"principal_id":"\#(ids["service_account_id"] ?? "")"}"#)
        #expect(member.status == 200, "\(member.text)")
        ids["principal_id"] = ids["service_account_id"]
        let role = try await premises.call(
            "POST", "/v1/roles", as: owner.token,
            body: #"{"name":"stock-role","description":"To be looked at.","permissions":["keys:read"]}"#)
        ids["role"] = try #require(role.json["name"]?.asString, "\(role.text)")
        try await add("access_token_id", "/v1/access-tokens", #"{"principal_id":"BOT","name":"stock"}"#)
        try await add(
            "key_id", "/v1/keys",
            """
            {"exchange":"binance","account":"stock","label":"mm-btc spot","environment":"testnet",\
            "tags":["a"],"readable":true,\
            "credential":{"api_key":"stock-api-key","secret":"the-secret-of-the-stock"},\
            "permissions":["read"],"ip_allow_list":["10.0.0.0/8"],\
            "rotation":{"every":"90d","remind_before":["7d"]}}
            """)
        for name in ["rotatable_key_id", "rotating_key_id"] {
            try await add(
                name, "/v1/keys",
                """
                {"exchange":"binance","account":"stock","label":"\(name)","environment":"testnet",\
                "credential":{"api_key":"stock-api-key","secret":"the-secret-of-the-\(name)"}}
                """)
        }
        try await add(
            "rotation_id", "/v1/keys/\(ids["rotating_key_id"] ?? "")/rotations",
            #"{"credential":{"api_key":"stock-api-key-2","secret":"the-next-secret-of-the-stock"}}"#)
    }

    /// A rule over a key of its own, and requests that it caught, one for each that may come of it.
    private mutating func addApprovals() async throws {
        try await add(
            "guarded_key_id", "/v1/keys",
            """
            {"exchange":"binance","account":"stock","label":"guarded","environment":"testnet",\
            "tags":["guarded"],\
            "credential":{"api_key":"guarded-1","secret":"the-first-secret-of-the-guarded"}}
            """)
        try await replaceGuarded()
        try await add(
            "approval_rule_id", "/v1/approval-rules",
            """
            {"name":"stock","actions":["destroyKeyVersion"],"on":{"tags":["guarded"]},"approvals":1,\
            "role":"owner"}
            """)
        ids["approval_id"] = try await park(by: asker)
        ids["rejectable_approval_id"] = try await park(by: asker)
        ids["own_approval_id"] = try await park(by: owner)
    }

    /// Its first version may be destroyed then.
    private func replaceGuarded() async throws {
        let versions = "/v1/keys/\(ids["guarded_key_id"] ?? "")/versions"
        let second = #"{"credential":{"api_key":"guarded-2","secret":"the-second-secret-of-the-guarded"}}"#
        for (path, body) in [(versions, second), (versions + "/2/activate", "")] {
            let answer = try await premises.call("POST", path, as: owner.token, body: body)
            #expect((200..<300).contains(answer.status), "\(answer.text)")
        }
    }

    /// A request that waits for the owner's approval; its id.
    func park(by person: Person) async throws -> String {
        let parked = try await premises.call(
            "POST", "/v1/keys/\(ids["guarded_key_id"] ?? "")/versions/1/destroy", as: person.token,
            headers: Self.waiting, body: #"{"confirm":"guarded","reason":"stock"}"#)
        #expect(parked.status == 202, "\(parked.text)")
        return try #require(parked.json["id"]?.asString, "\(parked.text)")
    }

    /// What says that a request may wait.
    static let waiting = [
        (name: "prefer", value: "respond-async"), (name: "keybell-reason", value: "OPS-1 for the stock"),
    ]

    private mutating func addSeries() async throws {
        for name in ["SOL", "BTC"] {
            let rows = try Contract.file("Tests/Fixtures/candles/\(name).csv")
            let answer = try await premises.call(
                "POST", "/v1/candles?source=stock&interval=1d", as: owner.token,
                body: String(decoding: rows, as: UTF8.self), type: "text/csv")
            #expect(answer.status == 200, "\(answer.text.prefix(500))")
        }
        // A ticker whose time may end at the moment that the contract's example names.
        let old = try await premises.call(
            "POST", "/v1/candles?source=stock", as: owner.token,
            body: """
                {"token":"LUNA","interval":"1d","open_time":"2020-01-01T00:00:00Z","open":1,"high":1,"low":1,\
                "close":1,"volume":1}
                """, type: "application/x-ndjson")
        #expect(old.status == 200, "\(old.text)")
        let tokens = try await premises.call("GET", "/v1/tokens?symbol=LUNA", as: owner.token)
        ids["token_id"] = try #require(tokens.json["data"]?[0]?["id"]?.asString, "\(tokens.text)")
    }

    private mutating func addPrices() async throws {
        for token in ["SOL", "BTC"] { try await push(100, of: token) }
        try await add(
            "price_source_id", "/v1/price-sources", #"{"token":"BTC","source":"prices","interval":"1m"}"#)
        try await suspendPrices()
    }

    /// Two prices of the marked series that are too far apart.
    func suspendPrices() async throws {
        for price in [100, 200] { try await push(price, of: "BTC") }
        let source = try await premises.call(
            "GET", path("/v1/price-sources/{price_source_id}"), as: owner.token)
        #expect(source.json["state"] == "suspended", "\(source.text)")
    }

    /// The candle of the minute before this one, of a source `prices`.
    private func push(_ close: Int, of token: String) async throws {
        let minute = premises.host.shared.clock.now().seconds / 60 * 60
        let answer = try await premises.call(
            "POST", "/v1/candles?source=prices", as: feeder.token,
            body: """
                {"token":"\(token)","interval":"1m","open_time":"\(Timestamp(seconds: minute - 60))",\
                "open":\(close),"high":\(close),"low":\(close),"close":\(close),"volume":1,"closed":true}
                """, type: "application/x-ndjson")
        #expect(answer.json["refused"]?.asInt == 0, "\(answer.text)")
    }

    private mutating func addReceivers() async throws {
        try await add(
            "webhook_id", "/v1/webhooks",
            #"{"name":"stock","url":"http://127.0.0.1:9/keybell","event_types":["custom.*","alert.*"]}"#)
        try await add(
            "rule_id", "/v1/alert-rules",
            """
            {"name":"stock","severity":"info","on":["custom.*"],"when":"event.balance < 10",\
            "group_by":["event.type"],"cooldown":"1h","labels":{"team":"desk"},"send_to":["WEBHOOK"],\
            "tests":[\
            {"event":{"type":"custom.stock","balance":1},"expect":"fires"},\
            {"event":{"type":"custom.stock","balance":11},"expect":"silent"}]}
            """)
        let enabled = try await premises.call(
            "POST", "/v1/alert-rules/\(ids["rule_id"] ?? "")/enable", as: owner.token)
        #expect(enabled.status == 200, "\(enabled.text)")
        try await addHeartbeat()
        try await add(
            "candle_feed_id", "/v1/candle-feeds",
            #"{"token":"SOL","interval":"1w","exchange":"binance","instrument":"SOLUSDT"}"#)
        // They take no alert of the others.
        let nothing = #""matchers":[{"name":"rule","value":"none"}]"#
        try await add(
            "route_id", "/v1/routes", #"{"name":"stock",\#(nothing),"webhook_ids":["WEBHOOK"]}"#)
        try await add("silence_id", "/v1/silences", #"{\#(nothing),"reason":"stock","ends_in":"2h"}"#)
        try await add(
            "maintenance_window_id", "/v1/maintenance-windows",
            """
            {"name":"stock",\(nothing),"reason":"stock","time_zone":"UTC",\
            "weekly":[{"days":["sun"],"from":"02:00","to":"04:00"}]}
            """)
        let hours = try await premises.call(
            "PUT", "/v1/me/quiet-hours", as: owner.token, headers: [(name: "if-match", value: "*")],
            body: """
                {"time_zone":"UTC","windows":[{"days":["sun"],"from":"02:00","to":"03:00"}],\
                "webhook_ids":["\(ids["webhook_id"] ?? "")"]}
                """)
        #expect((200..<300).contains(hours.status), "\(hours.text)")
        try await addBacktest()
        try await add(
            "event_id", "/v1/events", #"{"type":"custom.stock","subject":"stock","data":{"balance":1}}"#)
    }

    /// Of a month, so that it is over at once.
    private mutating func addBacktest() async throws {
        try await add(
            "backtest_id", "/v1/backtests",
            """
            {"rule":{"hold":"close > sma(50)"},"source":"stock","tokens":["SOL"],\
            "from":"2022-12-01T00:00:00Z"}
            """)
        let run = try await premises.call("POST", "/v1/jobs/backtests/run", as: owner.token)
        #expect(run.status == 202, "\(run.text)")
    }

    private mutating func addHeartbeat() async throws {
        let made = try await premises.call(
            "POST", "/v1/heartbeats", as: owner.token, body: #"{"name":"stock","every":"1h","alert":{}}"#)
        ids["heartbeat_id"] = try #require(made.json["id"]?.asString, "\(made.text)")
        ids["secret"] = made.json["ping_url"]?.asString?.split(separator: "/").last.map(String.init)
    }

    mutating func add(
        _ name: String, _ path: String, _ body: String, as person: Person? = nil
    ) async throws {
        let body = body.replacing("BOT", with: ids["service_account_id"] ?? "")
            .replacing("WEBHOOK", with: ids["webhook_id"] ?? "")
        let made = try await premises.insist("POST", path, as: (person ?? owner).token, body: body)
        ids[name] = try #require(made.json["id"]?.asString, "\(path): \(made.text)")
    }

    /// What the service makes by itself.
    private mutating func awaitFirst(of list: String, on worker: isolated Worker) async throws {
        for _ in 0..<3_000 {
            let page = try await premises.call("GET", "/v1/\(list)?limit=1", as: owner.token)
            if let id = page.json["data"]?[0]?["id"]?.asString {
                ids[list == "deliveries" ? "delivery_id" : "\(list.dropLast())_id"] = id
                return
            }
            await worker.reactor.sleep(nanoseconds: 20_000_000)
        }
        Issue.record("there are no \(list) after a minute")
    }

    private func awaitBacktest(on worker: isolated Worker) async throws {
        var answer = JSONValue.null
        for _ in 0..<3_000 {
            answer = try await premises.call("GET", path("/v1/backtests/{backtest_id}"), as: owner.token).json
            if answer["state"] == "succeeded" { return }
            await worker.reactor.sleep(nanoseconds: 20_000_000)
        }
        Issue.record("the backtest is not over after a minute: \(answer)")
    }

    // MARK: Asking

    /// Who tries the operation; of a keeper the password is known, and everybody else has none.
    func person(for operation: Contract.Operation) -> Person {
        if operation.id == "changePassword" { return feeder }
        return operation.body["x-step-up"]?["exempt"] == "never" ? keeper : owner
    }

    /// The operation's path with things that are there.
    func path(_ operation: String) -> String {
        // The first version was there from the beginning; the contract's example makes the second.
        let version = operation.hasSuffix("/activate") ? "2" : "1"
        let parts = operation.split(separator: "/").map { part in
            if part == "{version}" { return version }
            if operation.hasPrefix("/v1/ready-policies/"), part == "{name}" { return "spot_trader" }
            if part == "{user_id}", operation.contains("/offboarding") { return ids["leaver_id"] ?? "none" }
            if part == "{approval_id}" { return ids[Self.approval(of: operation)] ?? "none" }
            if part == "{key_id}" { return ids[Self.key(of: operation)] ?? "none" }
            return part.hasPrefix("{") ? ids[String(part.dropFirst().dropLast())] ?? "none" : String(part)
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Rotations have keys of their own: one to begin, and one that has begun.
    private static func key(of operation: String) -> String {
        if operation.hasSuffix("/rotations") { return "rotatable_key_id" }
        return operation.contains("/rotations/") ? "rotating_key_id" : "key_id"
    }

    private static func approval(of operation: String) -> String {
        if operation.hasSuffix("/cancel") { return "own_approval_id" }
        return operation.hasSuffix("/reject") ? "rejectable_approval_id" : "approval_id"
    }

    /// An example of the contract with ids of things that are there, and receivers on this machine.
    func fitted(_ example: JSONValue) -> JSONValue {
        switch example {
        case .string(let text): .string(fitted(text))
        case .array(let elements): .array(elements.map(fitted))
        case .object(let object):
            .object(
                object.members.reduce(into: JSONObject()) { _ = $0.append($1.name, fitted($1.value)) })
        case .null, .bool, .number: example
        }
    }

    private func fitted(_ text: String) -> String {
        let kinds = [
            "usr_": "user_id", "acc_": "account_id", "bot_": "service_account_id",
            "whk_": "webhook_id", "tkn_": "token_id",
        ]
        for (prefix, name) in kinds where text.hasPrefix(prefix) { return ids[name] ?? text }
        if text == "demo" { return "stock" }
        return text.replacing("hooks.desk.example", with: "127.0.0.1:9")
    }
}
