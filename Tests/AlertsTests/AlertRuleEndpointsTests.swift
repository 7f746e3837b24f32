import Access
import Events
import JSON
import Kernel
import Testing
import TestSupport

@testable import Alerts

struct AlertRuleEndpointsTests {
    @Test func `a rule is made disabled, with its cases run`() async throws {
        try await withDesk { worker, desk in
            let made = try await desk.call("POST", "alert-rules", crossing)
            #expect(made.status == 201)
            #expect(made.etag == "\"1\"")
            #expect(made.json["status"] == "disabled")
            #expect(made.json["tests"]?["passed"] == 2)
            #expect(made.json["tests"]?["cases"]?[1]?["got"] == "silent")
            #expect(made.json["security"] == false)
            #expect(made.json["owner_id"]?.asString == AlertDesk.owner.description)
            #expect(
                made.json.asObject?.members.map(\.name) == [
                    "id", "name", "status", "status_reason", "severity", "on", "when", "group_by", "cooldown",
                    "digest_above", "labels", "send_to", "security", "retroactive", "for", "window",
                    "sequence",
                    "recover_when", "no_data_after", "expires_at", "actions", "keys_per_hour", "advice",
                    "owner_id", "sees", "unseen_types", "origin",
                    "tests", "last_fired_at", "created_at", "updated_at", "version",
                    "revision",
                ])
            let twin = try await desk.call("POST", "alert-rules", crossing.replacing("Grade", with: "GRADE"))
            #expect(twin.code == "already_exists" && twin.pointers == ["/name"])
        }
    }

    @Test func `all mistakes are told at once`() async throws {
        try await withDesk { worker, desk in
            let body = """
                {"name": " ", "severity": "inf", "on": ["grade.changd", "key.*"], "when": "event.grde > 1",
                 "group_by": ["token"], "cooldown": "15x", "digest_above": 0, "labels": {"A": "x"},
                 "send_to": ["whk_1"],
                 "security": false, "tests": [{"event": {"typ": 1}, "expect": "maybe"}], "lable": 1}
                """
            let answer = try await desk.call("POST", "alert-rules", body)
            #expect(answer.status == 422)
            #expect(
                Set(answer.pointers) == [
                    "/name", "/severity", "/on/0", "/when", "/group_by/0", "/cooldown", "/digest_above",
                    "/labels",
                    "/send_to/0",
                    "/security", "/tests/0/event", "/tests/0/expect", "/lable",
                ])
            #expect(answer.text.contains("did you mean grade.changed?"))
        }
    }

    @Test func `an unknown webhook is told by its place`() async throws {
        try await withDesk { worker, desk in
            let body = """
                {"name": "r", "severity": "info", "on": ["key.*"],
                 "send_to": ["whk_01ke6my6g1fbtv57bhvm9ze9p6"]}
                """
            let answer = try await desk.call("POST", "alert-rules", body)
            #expect(answer.pointers == ["/send_to/0"])
        }
    }

    @Test func `a rule whose cases fail is not enabled, and an enabled one is not changed into such`()
        async throws
    {
        try await withDesk { worker, desk in
            let made = try await desk.call(
                "POST", "alert-rules", crossing.replacing("\"previous\": 71", with: "\"previous\": 69"))
            let id = try #require(made.json["id"]?.asString)
            let refused = try await desk.call("POST", "alert-rules/\(id)/enable")
            #expect(refused.status == 409)
            #expect(refused.code == "tests_failed")
            #expect(refused.pointers == ["/tests/1"])
            let fix =
                """
                {"tests": [{"event": {"type": "grade.changed", "previous": 1, "grade": 70},
                            "expect": "fires"}]}
                """
            let fixed = try await desk.call("PATCH", "alert-rules/\(id)", fix, match: "\"1\"")
            #expect(fixed.json["version"] == 1)
            #expect(try await desk.call("POST", "alert-rules/\(id)/enable").json["revision"] == 3)
            let broken = #"{"when": "event.grade > 70"}"#
            let answer = try await desk.call("PATCH", "alert-rules/\(id)", broken, match: "\"3\"")
            #expect(answer.code == "tests_failed")
        }
    }

    @Test func `changes need the current revision, and make versions that stay`() async throws {
        try await withDesk { worker, desk in
            let id = try await desk.enabledRule(crossing)
            let change = #"{"severity": "warning", "cooldown": "1w"}"#
            #expect(try await desk.call("PATCH", "alert-rules/\(id)", change).status == 428)
            #expect(try await desk.call("PATCH", "alert-rules/\(id)", change, match: "\"1\"").status == 412)
            let changed = try await desk.call("PATCH", "alert-rules/\(id)", change, match: "\"2\"")
            #expect(changed.json["version"] == 2)
            #expect(changed.json["cooldown"] == "1w")
            #expect(changed.etag == "\"3\"")
            #expect(try await desk.call("PATCH", "alert-rules/\(id)", "{}", match: "\"3\"").status == 422)
            let narrowed = #"{"on": ["key.*"]}"#
            #expect(
                try await desk.call("PATCH", "alert-rules/\(id)", narrowed, match: "\"3\"").pointers.first
                    == "/on")
            let history = try await desk.call("GET", "alert-rules/\(id)/history?limit=1")
            #expect(history.json["data"]?[0]?["version"] == 2)
            let cursor = try #require(history.json["next_cursor"]?.asString)
            let older = try await desk.call("GET", "alert-rules/\(id)/history?cursor=\(cursor)")
            #expect(older.json["data"]?[0]?["severity"] == "info")
            #expect(older.json["next_cursor"]?.isNull == true)
            #expect(try await desk.call("DELETE", "alert-rules/\(id)").status == 428)
            #expect(try await desk.call("DELETE", "alert-rules/\(id)", match: "\"3\"").status == 204)
            #expect(try await desk.call("GET", "alert-rules/\(id)").status == 404)
        }
    }

    @Test func `security is what the event types say`() async throws {
        try await withDesk { worker, desk in
            let made = try await desk.call(
                "POST", "alert-rules", #"{"name": "k", "severity": "info", "on": ["key.revoked"]}"#)
            #expect(made.json["security"] == true)
        }
    }

    @Test func `a rule is tried on an event, written out or stored`() async throws {
        try await withDesk { worker, desk in
            let id = try await desk.enabledRule(crossing)
            let written =
                #"{"event": {"type": "grade.changed", "previous": 69.5, "grade": 70.5, "token_id": "t"}}"#
            let verdict = try await desk.call("POST", "alert-rules/\(id)/test", written).json
            #expect(verdict["verdict"] == "fires")
            let expressions = try JSONValue.parse(
                """
                [{"expression": "event.previous < 70 && event.grade >= 70", "value": true},
                 {"expression": "event.previous < 70", "value": true},
                 {"expression": "event.previous", "value": 69.5},
                 {"expression": "event.grade >= 70", "value": true},
                 {"expression": "event.grade", "value": 70.5}]
                """)
            #expect(verdict["expressions"] == expressions)
            #expect(verdict["group"] == ["event.token_id": "t", "event.interval": .null])
            let other = try await desk.call(
                "POST", "alert-rules/\(id)/test", #"{"event": {"type": "key.revoked"}}"#)
            #expect(other.json["type_matches"] == false)
            let event = try await desk.grade("SOL", from: 1, to: 2)
            let stored = #"{"event_id": "\#(event.id)"}"#
            #expect(try await desk.call("POST", "alert-rules/\(id)/test", stored).json["verdict"] == "silent")
            let blind = desk.context([.rulesRead])
            let hidden = try await desk.call("POST", "alert-rules/\(id)/test", stored, as: blind)
            #expect(hidden.pointers == ["/event_id"])
            #expect(try await desk.call("POST", "alert-rules/\(id)/test", "{}").status == 422)
            #expect(try await desk.count("alert") == 0)
        }
    }

    @Test func `lists are filtered, sorted and paged`() async throws {
        try await withDesk { worker, desk in
            for (name, on) in [
                ("b two", "key.*"), ("A one", "grade.changed"), ("c three", "custom.balance.*"),
            ] {
                desk.now = desk.now + .seconds(1)
                _ = try await desk.call(
                    "POST", "alert-rules", #"{"name": "\#(name)", "severity": "info", "on": ["\#(on)"]}"#)
            }
            func names(_ query: String) async throws -> [String] {
                let page = try await desk.call("GET", "alert-rules?\(query)")
                return page.json["data"]?.asArray?.compactMap { $0["name"]?.asString } ?? [page.text]
            }
            #expect(try await names("") == ["c three", "A one", "b two"])
            #expect(try await names("sort=name") == ["A one", "b two", "c three"])
            #expect(try await names("q=TW") == ["b two"])
            #expect(try await names("event_type=key.rotation.due") == ["b two"])
            #expect(try await names("event_type=custom.balance.low") == ["c three"])
            #expect(try await names("status=enabled").isEmpty)
            #expect(try await desk.call("GET", "alert-rules?statsu=enabled").status == 400)
            for sort in ["name", "-name", "created_at", "-created_at"] {
                let whole = try await names("sort=\(sort)")
                var paged: [String] = []
                var cursor = ""
                while paged.count < 3 {
                    let page = try await desk.call("GET", "alert-rules?sort=\(sort)&limit=1\(cursor)")
                    paged += page.json["data"]?.asArray?.compactMap { $0["name"]?.asString } ?? ["none"]
                    cursor = page.json["next_cursor"]?.asString.map { "&cursor=\($0)" } ?? ""
                }
                #expect(paged == whole)
            }
            let page = try await desk.call("GET", "alert-rules?sort=name&limit=1")
            for cursor in ["", page.json["next_cursor"]?.asString ?? "none"] {
                let refused = try await desk.call("GET", "alert-rules?cursor=\(cursor)")
                #expect(refused.status == 400)
                #expect(refused.json["errors"]?[0]?["pointer"] == "query:cursor", "\(refused.text)")
            }
        }
    }
}
