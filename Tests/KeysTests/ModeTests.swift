import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Keys

@Suite(.serialized) struct ModeTests {
    private static func body(_ selector: String, _ mode: String, _ more: String) -> String {
        #"{"selector": \#(selector), "mode": "\#(mode)", "reason": "a drill", \#(more)}"#
    }

    private static func status(_ path: String, _ desk: KeyDesk) async throws -> String? {
        try await desk.call("GET", path).json["status"]?.asString
    }

    @Test func `a key is reduced, suspended and resumed by its mode`() async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a")
            for (mode, status) in [
                ("reduce_only", "reduce_only"), ("suspended", "suspended"), ("active", "active"),
            ] {
                let answer = try await desk.call(
                    "POST", path + "/mode", #"{"mode": "\#(mode)", "reason": "drill"}"#)
                #expect(answer.json["status"]?.asString == status, "\(answer.text)")
            }
            let types = try await desk.events().map(\.type)
            #expect(types == ["key.registered", "key.restricted", "key.suspended", "key.activated"])
        }
    }

    @Test func `a selection is stopped at once, and so is a key that comes later`() async throws {
        try await KeyDesk.run { desk in
            let tagged = try await desk.register("a", #""tags": ["mm"]"#)
            let other = try await desk.register("b")
            let stop = Self.body(#"{"tag": "mm"}"#, "suspended", #""expect_count": 1"#)
            let stopped = try await desk.call("POST", "/v1/keys/mode", stop)
            #expect(stopped.status == 200, "\(stopped.text)")
            #expect(stopped.json["changed"]?.asInt == 1)
            #expect(stopped.json["standing_order"]?.asString == "set")
            #expect(try await Self.status(tagged, desk) == "suspended")
            #expect(try await Self.status(other, desk) == "active")

            let late = try await desk.register("c", #""tags": ["mm"]"#)
            #expect(try await Self.status(late, desk) == "suspended")
            let joined = try await desk.call("PATCH", other, #"{"tags": ["mm"]}"#, match: "\"1\"")
            #expect(joined.json["status"]?.asString == "suspended", "\(joined.text)")

            let lift = Self.body(#"{"tag": "mm"}"#, "active", #""expect_count": 3"#)
            let lifted = try await desk.call("POST", "/v1/keys/mode", lift)
            #expect(lifted.json["standing_order"]?.asString == "taken_back", "\(lifted.text)")
            #expect(lifted.json["changed"]?.asInt == 3)
            for path in [tagged, other, late] { #expect(try await Self.status(path, desk) == "active") }
        }
    }

    @Test func `what was asked of a key itself outlasts an order that is lifted`() async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a")
            _ = try await desk.call("POST", path + "/suspend", #"{"reason": "mine"}"#)
            let desk2 = Self.body(#"{"all": true}"#, "reduce_only", #""expect_count": 1"#)
            #expect(try await desk.call("POST", "/v1/keys/mode", desk2).status == 200)
            #expect(try await Self.status(path, desk) == "suspended")
            let lift = Self.body(#"{"all": true}"#, "active", #""expect_count": 1"#)
            let lifted = try await desk.call("POST", "/v1/keys/mode", lift)
            #expect(lifted.json["held"]?.asInt == 1, "\(lifted.text)")
            let key = try await desk.call("GET", path)
            #expect(key.json["status"]?.asString == "suspended")
            #expect(key.json["status_reason"]?.asString == "mine")
        }
    }

    @Test func `an order is taken back by the same name, however its letters were composed`() async throws {
        try await KeyDesk.run { desk in
            let place = #""exchange": "binance", "environment": "live", "label": "a""#
            let key = try await desk.call("POST", "/v1/keys", #"{\#(place), "account": "caf\u00e9"}"#)
            let path = "/v1/keys/\(key.json["id"]?.asString ?? "")"
            let stop = Self.body(#"{"account": "cafe\u0301"}"#, "suspended", #""expect_count": 1"#)
            #expect(try await desk.call("POST", "/v1/keys/mode", stop).json["changed"] == 1)
            let lift = Self.body(#"{"account": "caf\u00e9"}"#, "active", #""expect_count": 1"#)
            let lifted = try await desk.call("POST", "/v1/keys/mode", lift)
            #expect(lifted.json["standing_order"] == "taken_back", "\(lifted.text)")
            #expect(try await Self.status(path, desk) == "active")
        }
    }

    @Test func `a wrong count and a dry run change nothing`() async throws {
        try await KeyDesk.run { desk in
            let path = try await desk.register("a")
            let wrong = Self.body(#"{"exchange": "binance"}"#, "suspended", #""expect_count": 2"#)
            let refused = try await desk.call("POST", "/v1/keys/mode", wrong)
            #expect(refused.status == 409)
            #expect(refused.json["matched"]?.asInt == 1)
            let dry = Self.body(#"{"exchange": "binance"}"#, "suspended", #""dry_run": true"#)
            let tried = try await desk.call("POST", "/v1/keys/mode", dry)
            #expect(tried.status == 200, "\(tried.text)")
            #expect(tried.json["changed"]?.asInt == 1)
            #expect(tried.json["dry_run"]?.asBool == true)
            #expect(try await Self.status(path, desk) == "active")
            #expect(try await desk.events().map(\.type) == ["key.registered"])
            #expect(try await desk.call("GET", "/v1/mode-orders").json["data"]?.asArray?.isEmpty == true)
        }
    }

    @Test func `an empty selector, and one that says too much, are refused by the field`() async throws {
        try await KeyDesk.run { desk in
            for (selector, pointer) in [
                ("{}", "/selector"), (#"{"all": true, "tag": "mm"}"#, "/selector/all"),
                (#"{"ids": []}"#, "/selector/ids"), (#"{"exchange": "okx", "tag": null}"#, "/selector/tag"),
                (#"{"account": null, "tag": "mm"}"#, "/selector/account"),
                (#"{"tagg": "mm"}"#, "/selector/tagg"),
            ] {
                let answer = try await desk.call(
                    "POST", "/v1/keys/mode", Self.body(selector, "suspended", #""expect_count": 1"#))
                #expect(answer.status == 422, "\(answer.text)")
                let found = answer.json["errors"]?.asArray?.compactMap { $0["pointer"]?.asString } ?? []
                #expect(found.contains(pointer), "\(answer.text)")
            }
            let uncounted = try await desk.call(
                "POST", "/v1/keys/mode", Self.body(#"{"all": true}"#, "suspended", #""dry_run": false"#))
            #expect(uncounted.status == 422)
            #expect(uncounted.text.contains("/expect_count"))
        }
    }

    @Test func `many keys are revoked in one call, each with its event, for good`() async throws {
        try await KeyDesk.run { desk in
            var paths: [String] = []
            for index in 0..<20 { paths.append(try await desk.register("k\(index)")) }
            let body = #"{"selector": {"all": true}, "expect_count": 20, "reason": "laptop stolen"}"#
            let revoked = try await desk.call("POST", "/v1/keys/revoke", body)
            #expect(revoked.json["revoked"]?.asInt == 20, "\(revoked.text)")
            #expect(revoked.json["handed_out_until"]?.asString == "2026-01-05T08:01:01.000Z")
            #expect(try await desk.events().filter { $0.type == "key.revoked" }.count == 20)
            for path in paths { #expect(try await Self.status(path, desk) == "revoked") }
            let again = try await desk.call("POST", paths[0] + "/activate")
            #expect(again.status == 409)
        }
    }
}
