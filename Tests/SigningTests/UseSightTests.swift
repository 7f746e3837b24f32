import Access
import Events
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Signing

/// Whoever may use some keys uses those, sees what was done with those, and does not learn of others.
struct UseSightTests {
    private static let nobody = "key_01ke6my6g1e5t8k5m7m9k23x72"

    @Test func `T19: a key out of scope is signed with and sent by as little as one that is not there`()
        async throws
    {
        try await SigningDesk.run { desk in
            let (mine, other) = (try await desk.key("mine"), try await desk.key("other"))
            let bot = try desk.bound(to: .key(#require(ExchangeKeyID(mine))), BuiltInRole.bot.permissions)
            desk.exchange.says(200, "{}")
            #expect(try await desk.sign(mine, as: bot).status == 200)
            #expect(try await desk.proxy(mine, "GET", "/api/v3/account", as: bot).status == 200)
            let sent = desk.exchange.requests.count
            for (method, path) in [("GET", "/api/v3/account"), ("POST", "/api/v3/order")] {
                let query = method == "POST" ? SigningDesk.order : ""
                let answers = [
                    try await desk.sign(other, method, path, query: query, as: bot),
                    try await desk.sign(Self.nobody, method, path, query: query, as: bot),
                    try await desk.proxy(other, method, path, query: query, as: bot),
                    try await desk.proxy(Self.nobody, method, path, query: query, as: bot),
                    try await desk.dryRun(other, as: bot), try await desk.dryRun(Self.nobody, as: bot),
                ]
                for answer in answers {
                    #expect(answer.status == 404 && answer.text == answers[0].text, "\(answer.text)")
                }
            }
            #expect(desk.exchange.requests.count == sent)
            let uses = try await desk.call("GET", "/v1/usage-events?key_id=\(other)")
            #expect(uses.json["data"] == [])
        }
    }

    @Test func `whoever may see a key and not use it is told which permission that takes`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("watched")
            let reader = try desk.bound(to: .key(#require(ExchangeKeyID(key))), [.keysRead, .keysProxy])
            let refused = try await desk.sign(key, as: reader)
            #expect(refused.status == 403 && refused.json["missing_permission"] == "keys:sign")
            #expect(try await desk.dryRun(key, as: reader).status == 403)
            desk.exchange.says(200, "{}")
            #expect(try await desk.proxy(key, "GET", "/api/v3/account", as: reader).status == 200)
        }
    }

    @Test func `a key that is tagged comes into scope with its tag, and goes with it`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("tagged")
            let bot = desk.bound(to: .selector(.init(tags: ["mm"])), BuiltInRole.bot.permissions)
            #expect(try await desk.sign(key, as: bot).status == 404)
            for (tags, status) in [(#"["mm"]"#, 200), ("[]", 404), (#"["a", "mm"]"#, 200)] {
                let now = try await desk.call("GET", "/v1/keys/\(key)")
                let changed = try await desk.call(
                    "PATCH", "/v1/keys/\(key)", #"{"tags": \#(tags)}"#, match: now.etag)
                #expect(changed.status == 200, "\(changed.text)")
                #expect(try await desk.sign(key, as: bot).status == status, "\(tags)")
            }
        }
    }

    @Test func `uses are listed, counted and shown of keys in scope, and pages are full`() async throws {
        try await SigningDesk.run { desk in
            let (mine, other) = (try await desk.key("mine"), try await desk.key("other"))
            for _ in 0..<3 {
                for key in [mine, other] { #expect(try await desk.sign(key).status == 200) }
            }
            let reader = try desk.bound(
                to: .key(#require(ExchangeKeyID(mine))), BuiltInRole.auditor.permissions)
            var (cursor, sizes): (String?, [Int]) = ("", [])
            while let place = cursor {
                let page = try await desk.call(
                    "GET", "/v1/usage-events?limit=2" + (place.isEmpty ? "" : "&cursor=\(place)"), as: reader)
                let keys = (page.json["data"]?.asArray ?? []).compactMap { $0["key_id"]?.asString }
                #expect(Set(keys) == [mine])
                sizes.append(keys.count)
                cursor = page.json["next_cursor"]?.asString
            }
            #expect(sizes == [2, 1])
            let summary = try await desk.call(
                "GET", "/v1/usage-summary?group_by=key&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z",
                as: reader)
            #expect(summary.json["data"]?.asArray?.count == 1)
            #expect(summary.json["data"]?[0]?["uses"] == 3, "\(summary.text)")
            for query in ["key_id=\(other)", "key_id=\(other)&exchange=binance", "exchange=kraken"] {
                let none = try await desk.call("GET", "/v1/usage-events?\(query)", as: reader)
                #expect(none.json["data"] == [], "\(query)")
            }
            let all = try await desk.call("GET", "/v1/usage-events?key_id=\(other)")
            let use = try #require(all.json["data"]?[0]?["id"]?.asString)
            let hidden = try await desk.call("GET", "/v1/usage-events/\(use)", as: reader)
            let unknown = try await desk.call(
                "GET", "/v1/usage-events/use_01ke6my6g1e5t8k5m7m9k23x72", as: reader)
            #expect(hidden.status == 404 && hidden.text == unknown.text)
            let ofKey = try await desk.call("GET", "/v1/keys/\(other)/usage", as: reader)
            let ofNobody = try await desk.call("GET", "/v1/keys/\(Self.nobody)/usage", as: reader)
            #expect(ofKey.status == 404 && ofKey.text == ofNobody.text)
            #expect(try await desk.call("GET", "/v1/keys/\(mine)/usage", as: reader).status == 200)
        }
    }

    @Test func `a report of a key out of scope is refused as one of a key that is not there`() async throws {
        try await SigningDesk.run { desk in
            let (mine, other) = (try await desk.key("mine"), try await desk.key("other"))
            let bot = try desk.bound(to: .key(#require(ExchangeKeyID(mine))), BuiltInRole.bot.permissions)
            let lines = [mine, other, Self.nobody].enumerated().map { number, key in
                #"{"client_id":"\#(number)","at":"\#(desk.time.now)","key_id":"\#(key)","operation":"trade"}"#
            }
            let labelled =
                #"{"client_id":"9","at":"\#(desk.time.now)","exchange":"binance","account":"main","#
                + #""label":"other","operation":"trade"}"#
            let told = try await desk.report(lines + [labelled], as: bot)
            #expect(told.json["inserted"] == 1 && told.json["refused"] == 3, "\(told.text)")
            let errors = told.json["errors"]?.asArray ?? []
            #expect(errors.map { $0["line"] } == [2, 3, 4])
            #expect(
                errors.allSatisfy { $0["code"] == "unknown_key" && $0["message"] == errors[0]["message"] })
        }
    }

    @Test func `T19: policies of a key out of scope are as unknown as those of one that is not there`()
        async throws
    {
        try await SigningDesk.run { desk in
            let (mine, other) = (try await desk.key("mine"), try await desk.key("other"))
            let scope = try Scope.key(#require(ExchangeKeyID(mine)))
            let person = desk.bound(to: scope, BuiltInRole.security.permissions)
            for (method, path, text) in Self.policyRequests {
                // What is published is the draft that was looked at.
                let draft = try await desk.call("GET", "/v1/keys/\(mine)/policy/draft", as: person)
                let body = text.replacing("DIGEST", with: draft.json["digest"]?.asString ?? "")
                let mine = try await desk.call(
                    method, "/v1/keys/\(mine)\(path)", body, match: "*", as: person)
                #expect([200, 204].contains(mine.status), "\(method) \(path) \(mine.text)")
                let hidden = try await desk.call(
                    method, "/v1/keys/\(other)\(path)", body, match: "*", as: person)
                let unknown = try await desk.call(
                    method, "/v1/keys/\(Self.nobody)\(path)", body, match: "*", as: person)
                #expect(hidden.status == 404 && hidden.text == unknown.text, "\(method) \(path)")
            }
            let reader = desk.bound(to: scope, [.keysRead, .policiesRead])
            let refused = try await desk.call(
                "PUT", "/v1/keys/\(mine)/policy", SigningDesk.policy, match: "*", as: reader)
            #expect(refused.status == 403 && refused.json["missing_permission"] == "policies:write")
        }
    }

    private static let policyRequests = [
        ("GET", "/policy", ""), ("GET", "/policy/history", ""), ("GET", "/policy/diff", ""),
        ("PUT", "/policy/draft", SigningDesk.policy), ("GET", "/policy/draft", ""),
        ("POST", "/policy/draft/replay", ""), ("DELETE", "/policy/draft", ""),
        ("GET", "/policy/proposal", ""), ("PUT", "/policy", SigningDesk.policy),
        ("POST", "/policy/revert", #"{"version": 1}"#),
        ("PUT", "/policy/draft", SigningDesk.policy),
        ("POST", "/policy/draft/publish", #"{"digest": "DIGEST"}"#),
    ]

    @Test func `which clause denied is told to whoever may read the policies of that very key`() async throws
    {
        try await SigningDesk.run { desk in
            let policy = #"{"operations": ["read"], "ways": ["sign"]}"#
            let (mine, other) = (
                try await desk.key("mine", policy: policy), try await desk.key("other", policy: policy)
            )
            let (a, b) = (try #require(ExchangeKeyID(mine)), try #require(ExchangeKeyID(other)))
            let person = desk.bound([
                (.key(a), BuiltInRole.trader.permissions),
                (.key(b), BuiltInRole.bot.permissions.union([.usageRead])),
            ])
            for (key, knows) in [(mine, true), (other, false)] {
                let denied = try await desk.sign(
                    key, "POST", "/api/v3/order", query: SigningDesk.order, as: person)
                #expect(denied.status == 403)
                let clauses = denied.json["clauses"]?.asArray ?? []
                let isTold = clauses.contains { $0["clause"] == "operations" && $0["reason"] != nil }
                #expect(isTold == knows, "\(denied.text)")
                let use = try #require(denied.json["usage_id"]?.asString)
                let told = try await desk.call("GET", "/v1/usage-events/\(use)", as: person)
                let isShown = told.json["reason"] != .null
                #expect(told.status == 200 && isShown == knows, "\(told.text)")
            }
        }
    }
}

extension SigningDesk {
    fileprivate func bound(to scope: Scope, _ permissions: Set<Permission>) -> Context {
        bound([(scope, permissions)])
    }

    /// Somebody whose every grant is on something.
    fileprivate func bound(_ grants: [(scope: Scope, permissions: Set<Permission>)]) -> Context {
        let rights = Rights(
            grants.map { GrantedRole(id: ledger.newID(), role: "own", permissions: $1, scope: $0) },
            at: time.now)
        let actor = Actor(principal: me, accessToken: nil, address: IPAddress(v4: 0x0A01_0009))
        return Context(actor: actor, rights: rights, now: time.now, requestID: "req_test")
    }

    fileprivate func dryRun(_ key: String, as context: Context) async throws -> TestAnswer {
        try await call(
            "POST", "/v1/keys/\(key)/sign/dry-run",
            #"{"method": "GET", "host": "spot", "path": "/api/v3/account", "query": ""}"#, as: context)
    }
}
