import Access
import Crypto
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Keys

@Suite(.serialized) struct AccountTests {
    @Test func `keys of one account share the record that the first one made`() async throws {
        try await KeyDesk.run { desk in
            _ = try await desk.register("a")
            _ = try await desk.register("b")
            let data = try await desk.call("GET", "/v1/accounts?exchange=binance&q=MAI").json["data"]
            #expect(data?.asArray?.count == 1)
            #expect(data?[0]?["name"] == "main")
            #expect(data?[0]?["keys"]?["active"] == 2)
            let id = data?[0]?["id"]?.asString ?? ""
            #expect(try await desk.call("GET", "/v1/accounts/\(id)").json["name"] == "main")
        }
    }

    @Test func `an account's mode is the standing order over the whole of it`() async throws {
        try await KeyDesk.run { desk in
            _ = try await desk.register("a")
            func mode() async throws -> JSONValue? {
                try await desk.call("GET", "/v1/accounts").json["data"]?[0]?["mode"]
            }
            #expect(try await mode() == .null)
            for (selector, count, expected) in [
                (#""tag": "x""#, 0, JSONValue.null), (#""account": "main""#, 1, "suspended"),
            ] {
                let body = """
                    {"selector": {\(selector)}, "mode": "suspended", "reason": "drill",
                    "expect_count": \(count)}
                    """
                #expect(try await desk.call("POST", "/v1/keys/mode", body).status == 200)
                #expect(try await mode() == expected)
            }
        }
    }

    // MARK: Writing

    private static func place(_ name: String) -> String {
        #""exchange": "okx", "environment": "live", "name": "\#(name)""#
    }

    private static func make(_ desk: KeyDesk, _ name: String, under parent: String? = nil) async throws
        -> String
    {
        let more = parent.map { #", "parent_id": "\#($0)""# } ?? ""
        let made = try await desk.call("POST", "/v1/accounts", "{\(place(name))\(more)}")
        return try #require(made.json["id"]?.asString, "\(made.text)")
    }

    private static func move(_ id: String, under parent: String, _ desk: KeyDesk) async throws -> TestAnswer {
        let path = "/v1/accounts/\(id)"
        let etag = try await desk.call("GET", path).etag
        return try await desk.call("PATCH", path, #"{"parent_id": "\#(parent)"}"#, match: etag)
    }

    @Test func `an account is described before its first key, and the key joins it`() async throws {
        try await KeyDesk.run { desk in
            let body = """
                {"exchange": "binance", "environment": "live", "name": "main", "uid": "42",
                "holder": "Desk Ltd", "support_contact": "the chat"}
                """
            let made = try await desk.call("POST", "/v1/accounts", body)
            #expect(made.status == 201, "\(made.text)")
            #expect(made.json["holder"] == "Desk Ltd")
            #expect(made.response.head[.location] == "/v1/accounts/\(made.json["id"]?.asString ?? "")")
            _ = try await desk.register("a")
            let data = try await desk.call("GET", "/v1/accounts").json["data"]
            #expect(data?.asArray?.count == 1)
            #expect(data?[0]?["keys"]?["active"] == 1)
            #expect(data?[0]?["uid"] == "42")
            let again = try await desk.call("POST", "/v1/accounts", body)
            #expect(again.status == 409 && again.code == "already_exists")
            #expect(again.pointers == ["/name"])
        }
    }

    @Test func `what is known of an account changes, is told, and null clears it`() async throws {
        try await KeyDesk.run { desk in
            let path = "/v1/accounts/\(try await Self.make(desk, "a"))"
            #expect(try await desk.call("PATCH", path, #"{"uid": "7"}"#).status == 428)
            #expect(try await desk.call("PATCH", path, #"{"uid": "7"}"#, match: "\"9\"").status == 412)
            let set = try await desk.call("PATCH", path, #"{"uid": "7", "holder": "H"}"#, match: "\"1\"")
            #expect(set.json["uid"] == "7" && set.etag == "\"2\"", "\(set.text)")
            let same = try await desk.call("PATCH", path, #"{"uid": "7"}"#, match: "\"2\"")
            #expect(same.status == 200 && same.etag == "\"2\"")
            let cleared = try await desk.call("PATCH", path, #"{"holder": null}"#, match: "\"2\"")
            #expect(cleared.json["holder"] == .null && cleared.json["uid"] == "7", "\(cleared.text)")
            let fixed = try await desk.call("PATCH", path, #"{"name": "b"}"#, match: "\"3\"")
            #expect(fixed.status == 422 && fixed.pointers.contains("/name"))
            let events = try await desk.events()
            #expect(events.map(\.type) == ["account.created", "account.changed", "account.changed"])
            #expect(events.map { $0.data["changed"] } == [nil, ["uid", "holder"], ["holder"]])
        }
    }

    @Test func `sub-accounts are counted and listed; none stands above itself`() async throws {
        try await KeyDesk.run { desk in
            let top = try await Self.make(desk, "top")
            let middle = try await Self.make(desk, "middle", under: top)
            let low = try await Self.make(desk, "low", under: middle)
            #expect(try await desk.call("GET", "/v1/accounts/\(top)").json["children"] == 1)
            let below = try await desk.call("GET", "/v1/accounts?parent_id=\(middle)").json["data"]
            #expect(below?.asArray?.map { $0["id"]?.asString } == [low])
            for parent in [top, middle, low] {
                let moved = try await Self.move(top, under: parent, desk)
                #expect(moved.status == 422 && moved.pointers == ["/parent_id"], "\(moved.text)")
            }
            #expect(try await Self.move(low, under: top, desk).status == 200)
            #expect(try await desk.call("GET", "/v1/accounts/\(top)").json["children"] == 2)
        }
    }

    @Test func `two moves at the same moment make no circle`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            let desk = try await KeyDesk(database)
            for round in 0..<8 {
                let pair = (
                    try await Self.make(desk, "one \(round)"), try await Self.make(desk, "other \(round)")
                )
                let tasks = [pair, (pair.1, pair.0)].map { low, high in
                    Task {
                        _ = worker
                        return try await Self.move(low, under: high, desk).status
                    }
                }
                var statuses: [Int] = []
                for task in tasks { statuses.append(try await task.value) }
                #expect(statuses.sorted() == [200, 422])
            }
        }
    }

    @Test func `accounts stand at most eight levels deep, whichever end grows`() async throws {
        try await KeyDesk.run { desk in
            var chain = [try await Self.make(desk, "1")]
            for level in 2...Account.levelLimit {
                chain.append(try await Self.make(desk, "\(level)", under: chain.last))
            }
            let body = #"{\#(Self.place("9")), "parent_id": "\#(chain.last ?? "")"}"#
            #expect(try await desk.call("POST", "/v1/accounts", body).pointers == ["/parent_id"])
            let crown = try await Self.make(desk, "crown")
            #expect(try await Self.move(chain[0], under: crown, desk).status == 422)
            #expect(try await Self.move(chain[1], under: crown, desk).status == 200)
        }
    }

    @Test func `a parent is an account at the same exchange and environment`() async throws {
        try await KeyDesk.run { desk in
            let top = try await Self.make(desk, "top")
            for body in [
                #"{"exchange": "okx", "environment": "demo", "name": "a", "parent_id": "\#(top)"}"#,
                #"{"exchange": "kraken", "environment": "live", "name": "a", "parent_id": "\#(top)"}"#,
                #"{\#(Self.place("a")), "parent_id": "\#(AccountID(UUID(high: 1, low: 1)))"}"#,
                #"{\#(Self.place("a")), "parent_id": "\#(Self.place("a").count)"}"#,
            ] {
                let made = try await desk.call("POST", "/v1/accounts", body)
                #expect(made.status == 422 && made.pointers == ["/parent_id"], "\(made.text)")
            }
        }
    }

    @Test func `the mode of an account is that of the selection of its keys`() async throws {
        try await KeyDesk.run { desk in
            let key = try await desk.register("a")
            let id = try await desk.call("GET", "/v1/accounts").json["data"]?[0]?["id"]?.asString ?? ""
            let path = "/v1/accounts/\(id)/mode"
            let reason = #""reason": "drill""#
            let dry = try await desk.call(
                "POST", path, #"{"mode": "suspended", "dry_run": true, \#(reason)}"#)
            #expect(dry.json["changed"] == 1, "\(dry.text)")
            let wrong = try await desk.call(
                "POST", path, #"{"mode": "suspended", "expect_count": 2, \#(reason)}"#)
            #expect(wrong.code == "count_mismatch")
            #expect(try await desk.call("GET", key).json["status"] == "active")
            let set = try await desk.call(
                "POST", path, #"{"mode": "suspended", "expect_count": 1, \#(reason)}"#)
            #expect(set.json["standing_order"] == "set")
            let selector: JSONValue = ["exchange": "binance", "environment": "live", "account": "main"]
            #expect(set.json["selector"] == selector)
            #expect(try await desk.call("GET", "/v1/accounts/\(id)").json["mode"] == "suspended")
            let late = try await desk.register("b")
            #expect(try await desk.call("GET", late).json["status"] == "suspended")
            let lifted = try await desk.call(
                "POST", path, #"{"mode": "active", "expect_count": 2, \#(reason)}"#)
            #expect(lifted.json["standing_order"] == "taken_back", "\(lifted.text)")
            #expect(try await desk.call("GET", key).json["status"] == "active")
        }
    }

    @Test func `revoking an account needs the right to revoke`() async throws {
        try await KeyDesk.run { desk in
            let key = try await desk.register("a")
            let id = try await desk.call("GET", "/v1/accounts").json["data"]?[0]?["id"]?.asString ?? ""
            let refused = try await desk.caller.call(
                "POST", "/v1/accounts/\(id)/mode", testContext([.keysSuspend], at: desk.time.now),
                body: #"{"mode": "revoked", "expect_count": 1, "reason": "drill"}"#)
            #expect(refused.status == 403 && refused.json["missing_permission"] == "keys:revoke")
            #expect(try await desk.call("GET", key).json["status"] == "active")
        }
    }

    @Test func `pages of accounts follow each other without a gap`() async throws {
        try await KeyDesk.run { desk in
            for name in ["a", "b", "c"] { _ = try await Self.make(desk, name) }
            var (names, cursor): ([String?], String?) = ([], nil)
            repeat {
                let page = try await desk.call(
                    "GET", "/v1/accounts?limit=2" + (cursor.map { "&cursor=\($0)" } ?? ""))
                names += page.json["data"]?.asArray?.map { $0["name"]?.asString } ?? []
                cursor = page.json["next_cursor"]?.asString
            } while cursor != nil
            #expect(names.count == 3 && Set(names) == ["a", "b", "c"])
            let other = try await desk.call("GET", "/v1/accounts?cursor=AAAA")
            #expect(other.status == 400)
        }
    }

    @Test func `a key that turns out to be of another account drifts`() async throws {
        try await KeyDesk.run { desk in
            for (label, uid, drifts) in [("a", "44", false), ("b", "45", true)] {
                let body = """
                    {"exchange": "kraken", "environment": "live", "name": "\(label)", "uid": "\(uid)"}
                    """
                #expect(try await desk.call("POST", "/v1/accounts", body).status == 201)
                let key = try await desk.call(
                    "POST", "/v1/keys",
                    """
                    {"exchange": "kraken", "environment": "live", "account": "\(label)", "label": "k",
                    "permissions": ["read"],
                    "credential": {"api_key": "api-key-of-the-desk", "secret": "\(Self.secret(label))"}}
                    """)
                let path = "/v1/keys/\(key.json["id"]?.asString ?? "")"
                desk.exchange.says(200, Self.krakenAnswer)
                let told = try await desk.call("POST", path + "/verify")
                #expect(told.json["uid"] == "44", "\(told.text)")
                let drift = told.json["permissions"]?["drift"]?.asArray ?? []
                #expect(drift.contains("uid") == drifts, "\(told.text)")
            }
        }
    }

    private static func secret(_ label: String) -> String {
        Base64.encode(Array("a secret of 32 bytes for key \(label)..".utf8))
    }

    private static let krakenAnswer = """
        {"error":[],"result":{"apiKeyName":"k","apiKey":"api-key-of-the-desk","permissions":["query-funds"],\
        "iban":"44"}}
        """
}
