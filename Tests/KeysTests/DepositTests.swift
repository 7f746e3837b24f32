import Access
import Crypto
import HTTPServer
import Identity
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Keys

@Suite(.serialized) struct DepositTests {
    private static let secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    private static let apiKey = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"

    /// Makes a link of a key; answers its token.
    private static func link(_ desk: KeyDesk, _ key: String, _ body: String = "") async throws -> String {
        let made = try await desk.call("POST", key + "/deposits", body)
        return try #require(made.json["token"]?.asString, "\(made.text)")
    }

    private static func body(_ token: String, _ secret: String = secret, _ more: String = "") -> String {
        """
        {"token": "\(token)", "credential": {"api_key": "\(apiKey)", "secret": "\(secret)"\(more)}}
        """
    }

    /// Of somebody without an access token.
    private static func stranger(_ desk: KeyDesk) -> Context {
        let actor = Actor(principal: nil, accessToken: nil, address: IPAddress(v4: 0xCB00_7109))
        return Context(actor: actor, permissions: [], now: desk.time.now, requestID: "req_test")
    }

    private static func look(_ desk: KeyDesk, _ token: String) async throws -> TestAnswer {
        try await desk.caller.call(
            "POST", "/v1/deposits/look", stranger(desk), body: #"{"token": "\#(token)"}"#)
    }

    private static func deposit(_ desk: KeyDesk, _ body: String) async throws -> TestAnswer {
        try await desk.caller.call("POST", "/v1/deposits", stranger(desk), body: body)
    }

    private static func listed(_ desk: KeyDesk, _ key: String) async throws -> [JSONValue] {
        try await desk.call("GET", key + "/deposits").json["data"]?.asArray ?? []
    }

    private static let setStatus = Statement(
        "test_status", "update principal set status = $2 where id = $1")
    private static let setRole = Statement(
        "test_role", "update access_grant set role = $2 where principal = $1")

    // MARK: The way of a secret

    @Test func `a link is worth what its maker may do`() async throws {
        try await KeyDesk.run { desk in
            let key = try await desk.register("a")
            let token = try await Self.link(desk, key)
            for (statement, lost, kept) in [
                (Self.setStatus, "disabled", "active"), (Self.setRole, "auditor", "trader"),
            ] {
                _ = try await desk.database.query(statement, .uuid(desk.me.uuid), .text(lost))
                #expect(try await Self.look(desk, token).status == 401)
                #expect(try await Self.deposit(desk, Self.body(token)).status == 401)
                _ = try await desk.database.query(statement, .uuid(desk.me.uuid), .text(kept))
                #expect(try await Self.look(desk, token).status == 200)
            }
            #expect(try await Self.deposit(desk, Self.body(token)).status == 201)
        }
    }

    @Test func `a holder hands over a secret, and the key has its first version`() async throws {
        try await KeyDesk.run { desk in
            let key = try await desk.register("a")
            let made = try await desk.call("POST", key + "/deposits", #"{"note": "by phone"}"#)
            #expect(made.status == 201, "\(made.text)")
            let token = made.json["token"]?.asString ?? ""
            #expect(AccessTokenSecret(.deposit, parsing: token.utf8) != nil)
            #expect(made.json["url"]?.asString == "https://keybell.desk.example/deposit#\(token)")
            #expect(made.json["expires_at"] == "2026-01-06T08:00:00.000Z")

            let taken = try await Self.deposit(desk, Self.body(token))
            #expect(taken.status == 201, "\(taken.text)")
            #expect(taken.json == ["api_key_hint": "vmPU…Eh8A", "version": 1])
            #expect(taken.response.head[.cacheControl] == "no-store")
            let read = try await desk.call("GET", key).json
            #expect(read["status"] == "quarantined" && read["current_version"] == 1)
            #expect(read["versions"]?[0]?["origin"] == "deposited")
            #expect(read["versions"]?[0]?["created_by"]?.asString == desk.me.description)
            let link = try await Self.listed(desk, key)[0]
            #expect(link["state"] == "used" && link["version"] == 1 && link["note"] == "by phone")
            #expect(link["used_from"] == "203.0.113.9" && link["used_at"] == "2026-01-05T08:00:00.000Z")
        }
    }

    @Test func `the event and the trail say from where it came, and hold no secret`() async throws {
        try await KeyDesk.run { desk in
            let key = try await desk.register("a")
            let token = try await Self.link(desk, key)
            #expect(try await Self.deposit(desk, Self.body(token)).status == 201)
            let events = try await desk.events()
            #expect(events.map(\.type) == ["key.registered", "key.version.created", "key.deposited"])
            #expect(events.last?.data["address"] == "203.0.113.9")
            #expect(events.last?.data["version"] == 1)
            for secret in [Self.secret, Self.apiKey, token] {
                let everything = try await Self.everything(in: desk)
                #expect(everything.contains("keys.deposit") && !everything.contains(secret))
            }
        }
    }

    private static let trail = Statement(
        "test_trail",
        derived: """
            select coalesce(string_agg(t, ' '), '') from (
                select row_to_json(e)::text t from event e
                union all select row_to_json(a)::text from audit_item a
                union all select row_to_json(d)::text from key_deposit d
                union all select row_to_json(k)::text from exchange_key k
                union all select row_to_json(v)::text from key_version v) rows
            """)

    private static func everything(in desk: KeyDesk) async throws -> String {
        try await desk.database.query(trail).first?.text(0) ?? ""
    }

    @Test func `a secret for a key that has one waits to be activated`() async throws {
        try await KeyDesk.run { desk in
            let key = try await desk.register(
                "a", #""credential": {"api_key": "the-first-key", "secret": "the-first-secret"}"#)
            let (one, other) = (try await Self.link(desk, key), try await Self.link(desk, key))
            #expect(try await Self.deposit(desk, Self.body(one)).json["version"] == 2)
            let read = try await desk.call("GET", key).json
            #expect(read["current_version"] == 1 && read["versions"]?[1]?["state"] == "pending")

            let full = try await Self.deposit(desk, Self.body(other, "another-secret-of-the-desk"))
            #expect(full.code == "conflict", "\(full.text)")
            let destroy = #"{"confirm": "a", "reason": "not that one"}"#
            #expect(try await desk.call("POST", key + "/versions/2/destroy", destroy).status == 200)
            let later = try await Self.deposit(desk, Self.body(other, "another-secret-of-the-desk"))
            #expect(later.json["version"] == 3, "\(later.text)")
        }
    }

    @Test func `whoever looks sees what is asked for, and nothing more`() async throws {
        try await KeyDesk.run { desk in
            let place = #""exchange": "okx", "account": "main", "environment": "live""#
            let key = try await desk.call("POST", "/v1/keys", #"{\#(place), "label": "a", "tags": ["t"]}"#)
            let path = "/v1/keys/\(key.json["id"]?.asString ?? "")"
            let token = try await Self.link(desk, path, #"{"note": "secret note", "expires_in": "5m"}"#)
            let seen = try await Self.look(desk, token)
            #expect(
                seen.json == [
                    "exchange": "okx", "exchange_title": "OKX", "account": "main", "label": "a",
                    "environment": "live", "kinds": ["hmac"], "passphrase": true,
                    "expires_at": "2026-01-05T08:05:00.000Z",
                ], "\(seen.text)")
            #expect(seen.response.head[.cacheControl] == "no-store")
            #expect(try await Self.listed(desk, path)[0]["state"] == "open")
        }
    }

    // MARK: Once

    @Test func `T13: of 64 deposits at once exactly one counts`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            let desk = try await KeyDesk(database)
            let key = try await desk.register("a")
            let token = try await Self.link(desk, key)
            let tasks = (0..<64).map { number in
                Task {
                    _ = worker
                    let body = Self.body(token, "the-secret-of-somebody-number-\(number)")
                    return try await Self.deposit(desk, body).status
                }
            }
            var statuses: [Int] = []
            for task in tasks { statuses.append(try await task.value) }
            #expect(statuses.count { $0 == 201 } == 1)
            #expect(statuses.count { $0 == 401 } == 63)
            #expect(try await desk.events().count { $0.type == "key.deposited" } == 1)
            #expect(try await desk.call("GET", key + "/versions").json["data"]?.asArray?.count == 1)
        }
    }

    @Test func `T13: a token has one spelling`() async throws {
        try await KeyDesk.run { desk in
            let token = try await Self.link(desk, try await desk.register("a"))
            for other in [
                token + " ", " " + token, token + "\\n", token.uppercased(), String(token.dropLast()),
                token + "0", "kbt_" + token.dropFirst(4), "kbi_" + token.dropFirst(4), "\\ufeff" + token,
            ] {
                let seen = try await Self.look(desk, other)
                #expect(seen.status == 401, "\(other) \(seen.text)")
                #expect(try await Self.deposit(desk, Self.body(other)).status == 401)
            }
            #expect(try await Self.deposit(desk, Self.body(token)).status == 201)
        }
    }

    @Test func `unknown, used, lapsed and withdrawn links, and those of revoked keys, look alike`()
        async throws
    {
        try await KeyDesk.run { desk in
            let key = try await desk.register("a")
            let used = try await Self.link(desk, key)
            #expect(try await Self.deposit(desk, Self.body(used)).status == 201)
            let other = try await desk.call("POST", key + "/deposits").json
            let withdrawn = other["token"]?.asString ?? ""
            let id = other["id"]?.asString ?? ""
            #expect(try await desk.call("DELETE", "\(key)/deposits/\(id)").status == 204)
            let lapsed = try await Self.link(desk, key, #"{"expires_in": "5m"}"#)
            let gone = try await desk.register("b")
            let ofRevoked = try await Self.link(desk, gone)
            #expect(try await desk.call("POST", gone + "/revoke", #"{"reason": "gone"}"#).status == 200)
            desk.time.move(.minutes(5))
            let unknown = AccessTokenSecret(.deposit, .system).text
            var texts: Set<String> = []
            for token in [used, withdrawn, lapsed, ofRevoked, unknown] {
                let (seen, taken) = (
                    try await Self.look(desk, token),
                    try await Self.deposit(desk, Self.body(token, "a-secret-that-nobody-has"))
                )
                #expect(seen.status == 401 && taken.status == 401)
                texts.formUnion([seen.text, taken.text])
            }
            #expect(texts.count == 1)
        }
    }

    // MARK: Mistakes

    @Test func `a mistake is told by its field, and the link stays good`() async throws {
        try await KeyDesk.run { desk in
            let place = #""exchange": "okx", "account": "main", "environment": "live""#
            let key = try await desk.call("POST", "/v1/keys", #"{\#(place), "label": "a"}"#)
            let token = try await Self.link(desk, "/v1/keys/\(key.json["id"]?.asString ?? "")")
            let word = #", "passphrase": "the-word""#
            let pem = #"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"#
            for (body, pointer) in [
                (Self.body(token), "/credential/passphrase"),
                (Self.body(token, Self.secret, #", "passphrase": """#), "/credential/passphrase"),
                (Self.body(token, "with a space", word), "/credential/secret"),
                (Self.body(token, pem, word), "/credential/secret"),
                (Self.body(token, "", word), "/credential/secret"),
                (Self.body(token, Self.secret, word + #", "generate": true"#), "/credential/generate"),
                (Self.body(token, Self.secret, word + #", "kind": "rsa""#), "/credential/kind"),
                (#"{"token": "\#(token)"}"#, "/credential"),
                (Self.body(token).dropLast() + #", "allow_duplicate": true}"#, "/allow_duplicate"),
                (Self.body(token).dropLast() + #", "origin": "file"}"#, "/origin"),
            ] {
                let refused = try await Self.deposit(desk, body)
                #expect(refused.status == 422 && refused.pointers.contains(pointer), "\(refused.text)")
                #expect(!refused.text.contains(Self.secret))
            }
            #expect(try await Self.deposit(desk, Self.body(token, Self.secret, word)).status == 201)
        }
    }

    @Test func `a secret that another key has is refused without saying which`() async throws {
        try await KeyDesk.run { desk in
            let first = try await desk.register(
                "a", #""credential": {"api_key": "\#(Self.apiKey)", "secret": "\#(Self.secret)"}"#)
            let token = try await Self.link(desk, try await desk.register("b"))
            let refused = try await Self.deposit(desk, Self.body(token))
            #expect(refused.code == "duplicate_secret", "\(refused.text)")
            #expect(!refused.text.contains(first.dropFirst("/v1/keys/".count)))
            #expect(try await Self.look(desk, token).status == 200)
        }
    }

    @Test func `a tampered key takes nothing, and the holder is not told which it is`() async throws {
        try await KeyDesk.run { desk in
            let key = try await desk.register("a")
            let token = try await Self.link(desk, key)
            try await desk.run("update exchange_key set label = 'x'")
            let refused = try await Self.deposit(desk, Self.body(token))
            #expect(refused.code == "key_tampered" && refused.json["key_id"] == nil, "\(refused.text)")
            #expect(try await desk.events().contains { $0.type == "key.tampered" })
        }
    }

    // MARK: Links

    @Test func `a link is good from five minutes to seven days`() async throws {
        try await KeyDesk.run { desk in
            let key = try await desk.register("a")
            for wrong in ["4m", "8d", "0m", "299s", "", "week", "169h"] {
                let refused = try await desk.call("POST", key + "/deposits", #"{"expires_in": "\#(wrong)"}"#)
                #expect(refused.status == 422 && refused.pointers == ["/expires_in"], "\(wrong)")
            }
            for (right, time) in [("5m", "2026-01-05T08:05"), ("7d", "2026-01-12T08:00")] {
                let made = try await desk.call("POST", key + "/deposits", #"{"expires_in": "\#(right)"}"#)
                #expect(made.json["expires_at"]?.asString?.hasPrefix(time) == true, "\(made.text)")
            }
        }
    }

    @Test func `ten links of a key are open at most; what is over makes room`() async throws {
        try await KeyDesk.run { desk in
            let key = try await desk.register("a")
            for _ in 0..<DepositLink.openLimit { _ = try await Self.link(desk, key) }
            #expect(try await desk.call("POST", key + "/deposits").code == "conflict")
            _ = try await Self.link(desk, try await desk.register("b"))
            let withdrawn = try await Self.listed(desk, key)[0]["id"]?.asString ?? ""
            for _ in 0..<2 {
                #expect(try await desk.call("DELETE", "\(key)/deposits/\(withdrawn)").status == 204)
            }
            let last = try await Self.link(desk, key)
            #expect(try await Self.deposit(desk, Self.body(last)).status == 201)
            _ = try await Self.link(desk, key)
            desk.time.move(.hours(24))
            _ = try await Self.link(desk, key)
            let states = try await Self.listed(desk, key).map { $0["state"]?.asString ?? "" }
            #expect(states.count { $0 == "open" } == 1 && states.count { $0 == "lapsed" } == 10)
        }
    }

    @Test func `links are listed page by page, without their tokens`() async throws {
        try await KeyDesk.run { desk in
            let key = try await desk.register("a")
            for _ in 0..<3 { _ = try await Self.link(desk, key) }
            let first = try await desk.call("GET", key + "/deposits?limit=2")
            #expect(first.json["data"]?.asArray?.count == 2 && !first.text.contains("kbd_"))
            let cursor = first.json["next_cursor"]?.asString ?? ""
            let second = try await desk.call("GET", "\(key)/deposits?limit=2&cursor=\(cursor)")
            #expect(second.json["data"]?.asArray?.count == 1 && second.json["next_cursor"] == .null)
            let nobody = "/v1/keys/\(ExchangeKeyID(UUID(high: 1, low: 1)))/deposits"
            #expect(try await desk.call("GET", nobody).status == 404)
            #expect(try await desk.call("POST", nobody).status == 404)
        }
    }

    @Test func `a used link is not withdrawn, nor one of another key`() async throws {
        try await KeyDesk.run { desk in
            let (key, other) = (try await desk.register("a"), try await desk.register("b"))
            let token = try await Self.link(desk, key)
            let id = try await Self.listed(desk, key)[0]["id"]?.asString ?? ""
            #expect(try await desk.call("DELETE", "\(other)/deposits/\(id)").status == 404)
            #expect(try await desk.call("DELETE", "\(key)/deposits/nonsense").status == 404)
            #expect(try await Self.deposit(desk, Self.body(token)).status == 201)
            #expect(try await desk.call("DELETE", "\(key)/deposits/\(id)").code == "conflict")
        }
    }

    @Test func `a revoked key gets no link`() async throws {
        try await KeyDesk.run { desk in
            let key = try await desk.register("a")
            _ = try await desk.call("POST", key + "/revoke", #"{"reason": "gone"}"#)
            #expect(try await desk.call("POST", key + "/deposits").code == "conflict")
        }
    }
}
