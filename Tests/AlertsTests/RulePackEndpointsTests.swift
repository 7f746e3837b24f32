import Access
import Events
import JSON
import Kernel
import Testing
import TestSupport
import Webhooks

@testable import Alerts

struct RulePackEndpointsTests {
    /// Two rules, whose texts a version changes.
    private static func pack(
        version: Int, count: Int = 3, most: Int = 10, severity: String = "warning", retires: Bool = false
    ) throws -> RulePack {
        let second =
            version == 1 || retires
            ? ""
            : #", {"name": "once", "title": "Once", "severity": "info", "security": false, "#
                + #""advice": "Look at it.", "parameters": [], "rule": {"on": ["custom.once"]}, "tests": ["#
                + #"{"events": [{"event": {"type": "custom.once"}}], "expect": "fires"}, "#
                + #"{"events": [{"event": {"type": "custom.other"}}], "expect": "silent"}]}"#
        let text = """
            {"name": "p", "version": \(version), "title": "P", "description": "D", "rules": [
              {"name": "many", "title": "Many", "severity": "\(severity)", "security": true,
               "advice": "Look at version \(version).",
               "parameters": [
                 {"name": "count", "type": "integer", "unit": "events", "default": \(count), "minimum": 2,
                  "maximum": \(most), "description": "So many."},
                 {"name": "within", "type": "duration", "default": "10m", "minimum": "1m", "maximum": "1h",
                  "description": "In so long."}],
               "rule": {"on": ["custom.many"], "window": {"count": "${count}", "within": "${within}"}},
               "tests": [
                 {"events": [{"event": {"type": "custom.many"}, "times": "${count}"}], "expect": "fires"},
                 {"events": [{"event": {"type": "custom.many"}, "times": "${count-1}"}],
                  "expect": "silent"}]}\(second)]}
            """
        return try RulePack(Array(text.utf8))
    }

    private func post(
        _ desk: AlertDesk, _ pack: RulePack, _ action: String, _ body: String = ""
    ) async throws -> TestAnswer {
        try await desk.packs([pack]).call("POST", "/v1/rule-packs/p/\(action)", desk.context(), body: body)
    }

    @Test func `what a rule needs is said where it is listed and where it is enabled`() async throws {
        try await withDesk { _, desk in
            let market = try #require(try RulePackTests.packs().first { $0.name == "market" })
            let caller = desk.packs([market])
            let pack = try await caller.call("GET", "/v1/rule-packs/market", desk.context()).json
            let made = try await caller.call(
                "POST", "/v1/rule-packs/market/enable", desk.context(), body: ""
            ).json
            for rules in [pack["rules"]?.asArray, made["rules"]?.asArray] {
                let needs = try #require(rules).compactMap { $0["needs"]?.asString }
                #expect(needs.count == 1 && needs.first?.contains("POST /v1/mover-lists") == true)
            }
        }
    }

    @Test func `a pack is switched on by one call, twice the same, and its rules tell what to do`()
        async throws
    {
        try await withDesk { worker, desk in
            let pack = try Self.pack(version: 1)
            let thought = try await post(desk, pack, "enable", #"{"dry_run": true}"#)
            #expect(thought.json["rules"]?.asArray?.first?["action"] == "created", "\(thought.text)")
            #expect(try await desk.call("GET", "alert-rules").json["data"]?.asArray?.isEmpty == true)
            let made = try await post(desk, pack, "enable").json["rules"]?.asArray?.first
            #expect(made?["action"] == "created" && made?["status"] == "enabled")
            let again = try await post(desk, pack, "enable").json["rules"]?.asArray?.first
            #expect(again?["action"] == "unchanged" && again?["rule_id"] == made?["rule_id"])
            let id = made?["rule_id"]?.asString ?? ""
            let rule = try await desk.call("GET", "alert-rules/\(id)").json
            #expect(rule["origin"] == ["pack": "p", "rule": "many", "version": 1])
            #expect(rule["owner_id"] == .null && rule["security"] == true)
            #expect(rule["tests"]?["passed"] == 2 && rule["tests"]?["failed"] == 0)
            let engine = desk.courseEngine(on: worker)
            try await desk.push([("a", 1), ("a", 1), ("a", 1)], type: "custom.many")
            try await desk.catchUp(engine)
            #expect(desk.told.map { $0.data["advice"] } == ["Look at version 1."])
            #expect(try await desk.alerts().first?["advice"] == "Look at version 1.")
        }
    }

    @Test func `a name that is taken is told, with both rules, by a dry run too`() async throws {
        try await withDesk { _, desk in
            let pack = try Self.pack(version: 1)
            let own = try await desk.call(
                "POST", "alert-rules", #"{"name": "mANY", "severity": "info", "on": ["custom.own"]}"#)
            let id = try #require(own.json["id"]?.asString)
            for body in [#"{"dry_run": true}"#, ""] {
                let refused = try await post(desk, pack, "enable", body)
                #expect(refused.status == 409 && refused.code == "already_exists")
                #expect(refused.pointers == ["/rules"])
                #expect(refused.text.contains("many of the pack") && refused.text.contains(id))
            }
            let etag = try await desk.call("GET", "alert-rules/\(id)").etag
            _ = try await desk.call("DELETE", "alert-rules/\(id)", match: etag)
            #expect(try await post(desk, pack, "enable").status == 200)
            // What is its own name already is taken by nobody else.
            #expect(
                try await post(desk, pack, "enable", #"{"parameters": {"many": {"count": 4}}}"#).status == 200
            )
        }
    }

    @Test func `what is chosen is checked by name, kept, and taken back by null`() async throws {
        try await withDesk { _, desk in
            let pack = try Self.pack(version: 1)
            let wrong = try await post(
                desk, pack, "enable",
                """
                {"rules": ["many", "mny"],
                 "parameters": {"many": {"count": 11, "withn": "1m", "severity": "bad"}, "other": {}}}
                """)
            #expect(wrong.status == 422)
            let pointers = Set(wrong.pointers)
            #expect(
                pointers == [
                    "/rules/1", "/parameters/many/count", "/parameters/many/severity",
                    "/parameters/many/withn", "/parameters/other",
                ])
            let unknown = try await post(
                desk, pack, "enable", #"{"send_to": ["whk_01ke6my6g1fbtv57bhvm9ze9p6"]}"#)
            #expect(unknown.pointers == ["/parameters/many/send_to/0"])
            #expect(try await desk.call("GET", "alert-rules").json["data"]?.asArray?.isEmpty == true)
            let chosen = #"{"parameters": {"many": {"count": 4, "severity": "critical", "cooldown": "5m"}}}"#
            let id = try await post(desk, pack, "enable", chosen).json["rules"]?.asArray?.first?["rule_id"]
            let path = "alert-rules/\(id?.asString ?? "")"
            let rule = try await desk.call("GET", path).json
            #expect(rule["window"]?["count"] == 4 && rule["severity"] == "critical")
            #expect(rule["cooldown"] == "5m")
            let back = try await post(desk, pack, "enable", #"{"parameters": {"many": {"count": null}}}"#)
            let weakened = try await desk.events("rule.weakened").map { [$0["change"], $0["changed"]] }
            #expect(weakened == [["changed", ["window"]]], "a running security rule was changed")
            #expect(back.json["rules"]?.asArray?.first?["action"] == "adjusted")
            #expect(
                back.json["rules"]?.asArray?.first?["changes"]?.asArray?.compactMap { $0["field"] }
                    == ["window"])
            #expect(try await desk.call("GET", path).json["window"]?["count"] == 3)
            let named = try await post(desk, pack, "enable", #"{"rules": ["many", "many"]}"#)
            #expect(named.pointers == ["/rules/1"], "\(named.text)")
            let shown = try await desk.packs([pack]).call("GET", "/v1/rule-packs/p", desk.context())
            #expect(shown.json["rules"]?[0]?["severity"] == "critical")
            let parameters = shown.json["rules"]?.asArray?.first?["parameters"]?.asArray ?? []
            #expect(
                parameters.filter { $0["adjusted"] == true }.compactMap { $0["name"] } == [
                    "severity", "cooldown",
                ])
        }
    }

    @Test func `a new version is offered, and takes nothing back that somebody chose`() async throws {
        try await withDesk { _, desk in
            let old = try Self.pack(version: 1)
            _ = try await post(desk, old, "enable", #"{"parameters": {"many": {"count": 7}}}"#)
            let new = try Self.pack(version: 2, count: 5, severity: "critical")
            let offered = try await desk.packs([new]).call("GET", "/v1/rule-packs/p", desk.context())
            #expect(offered.json["update_available"] == true)
            let offer = offered.json["rules"]?.asArray?.first?["update"]
            let fields = offer?["changes"]?.asArray?.compactMap { $0["field"]?.asString }
            #expect(fields == ["severity", "advice"])
            #expect(offered.json["rules"]?.asArray?.last?["rule_id"] == .null)
            let early = try await post(desk, new, "enable", #"{"parameters": {"many": {"count": 8}}}"#)
            #expect(early.code == "conflict")
            let thought = try await post(desk, new, "update", #"{"dry_run": true}"#)
            #expect(thought.json["rules"]?.asArray?.first?["action"] == "updated")
            #expect(try await desk.call("GET", "alert-rules").json["data"]?.asArray?.first?["version"] == 1)
            let updated = try await post(desk, new, "update")
            #expect(updated.json["rules"]?.asArray?.count == 1)
            let rule = try await desk.call("GET", "alert-rules").json["data"]?.asArray?.first
            #expect(rule?["window"]?["count"] == 7 && rule?["severity"] == "critical")
            #expect(rule?["origin"]?["version"] == 2 && rule?["status"] == "enabled")
            let same = try await post(desk, new, "update")
            #expect(same.json["rules"]?.asArray?.first?["action"] == "unchanged")
            let narrow = try Self.pack(version: 3, count: 5, most: 6, severity: "critical")
            let dropped = try await post(desk, narrow, "update").json["rules"]?.asArray?.first?["dropped"]
            #expect(dropped == ["count"])
            #expect(
                try await desk.call("GET", "alert-rules").json["data"]?.asArray?.first?["window"]?["count"]
                    == 5)
        }
    }

    private static func pack(_ version: Int, bound: String) throws -> RulePack {
        let event = { (value: String) in #"{"event": {"type": "custom.grade", "v": "\#(value)"}}"# }
        let (low, high) = (event("${above-1}"), event("${above+1}"))
        let text = """
            {"name": "p", "version": \(version), "title": "P", "description": "D", "rules": [
              {"name": "rises", "title": "Rises", "severity": "info", "security": false,
               "advice": "Look at the grade.", "parameters": [
                 {"name": "above", "type": "number", "default": 70, "minimum": 1, "maximum": 100,
                  "description": "Reaches this."},
                 {"name": "again", "type": "number", "default": 65, "minimum": 0, "maximum": 99,
                  \(bound) "description": "Was below this."}],
               "rule": {"on": ["custom.grade"], "when": "crosses_above(event.v, ${above})",
                        "recover_when": "event.v < ${again}"},
               "tests": [{"events": [\(low), \(high)], "expect": "fires"},
                         {"events": [\(low), \(low)], "expect": "silent"}]}]}
            """
        return try RulePack(Array(text.utf8))
    }

    @Test func `what makes no sense together is refused, and dropped where it was chosen before`()
        async throws
    {
        try await withDesk { _, desk in
            let loose = try Self.pack(1, bound: "")
            let bound = try Self.pack(2, bound: #""at_most": "above","#)
            let alone = #"{"parameters": {"rises": {"above": 60}}}"#
            let refused = try await post(desk, bound, "enable", alone)
            #expect(refused.status == 422 && refused.pointers == ["/parameters/rises/again"])
            #expect(refused.text.contains("must be at most above, which is 60"), "\(refused.text)")
            _ = try await post(desk, loose, "enable", alone)
            let offered = try await desk.packs([bound]).call("GET", "/v1/rule-packs/p", desk.context())
            #expect(offered.json["rules"]?[0]?["update"]?["dropped"] == ["above"], "\(offered.text)")
            let wrong = try await post(desk, bound, "update", #"{"parameters": {"rises": {"again": 61}}}"#)
            #expect(wrong.status == 200 && wrong.json["rules"]?[0]?["dropped"] == ["above"])
            let both = #"{"parameters": {"rises": {"above": 60, "again": 55}}}"#
            let chosen = try await post(desk, bound, "enable", both)
            #expect(chosen.json["rules"]?[0]?["action"] == "adjusted", "\(chosen.text)")
            let shown = try await desk.packs([bound]).call("GET", "/v1/rule-packs/p", desk.context())
            let again = shown.json["rules"]?[0]?["parameters"]?[1]
            #expect(again?["at_most"] == "above" && again?["at_least"] == .null && again?["value"] == 55)
        }
    }

    @Test func `one call switches it off, and nobody edits past it`() async throws {
        try await withDesk { _, desk in
            let pack = try Self.pack(version: 2)
            let made = try await post(desk, pack, "enable").json["rules"]?.asArray
            #expect(made?.count == 2)
            let path = "alert-rules/\(made?.first?["rule_id"]?.asString ?? "")"
            let etag = try await desk.call("GET", path).etag
            let edited = try await desk.call("PATCH", path, #"{"severity": "info"}"#, match: etag)
            #expect(edited.code == "conflict")
            let thought = try await post(desk, pack, "disable", #"{"dry_run": true, "reason": "no"}"#)
            #expect(thought.status == 200)
            #expect(try await desk.events("rule.weakened").isEmpty)
            let off = try await post(desk, pack, "disable", #"{"rules": ["many"], "reason": "too loud"}"#)
            #expect(off.json["rules"]?.asArray?.map { $0["action"] } == ["disabled"])
            #expect(try await desk.call("GET", path).json["status_reason"] == "too loud")
            let weakened = try await desk.events("rule.weakened")
            #expect(weakened.map { $0["change"] } == ["disabled"] && weakened.first?["reason"] == "too loud")
            #expect(
                try await post(desk, pack, "enable").json["rules"]?.asArray?.first?["action"] == "enabled")
            _ = try await desk.call("POST", "\(path)/disable", #"{"reason": "by hand"}"#)
            let listed = try await desk.packs([pack]).call("GET", "/v1/rule-packs", desk.context())
            #expect(listed.json["data"]?.asArray?.first?["enabled_count"] == 1)
            _ = try await desk.call("DELETE", path, match: try await desk.call("GET", path).etag)
            #expect(
                try await post(desk, pack, "enable").json["rules"]?.asArray?.first?["action"] == "created")
            let other = try await desk.packs([pack]).call(
                "POST", "/v1/rule-packs/other/enable", desk.context())
            #expect(other.code == "not_found")
        }
    }

    @Test func `a rule that its pack has no more is listed as retired, and left alone`() async throws {
        try await withDesk { _, desk in
            _ = try await post(desk, try Self.pack(version: 2), "enable")
            // As if a later version had dropped it.
            let later = try Self.pack(version: 1)
            let listed = try await desk.packs([later]).call("GET", "/v1/rule-packs/p", desk.context())
            let rules = listed.json["rules"]?.asArray ?? []
            #expect(rules.map { $0["name"] } == ["many", "once"], "\(listed.text)")
            #expect(rules.map { $0["retired"] } == [false, true])
            #expect(rules.last?["status"] == "enabled" && rules.last?["title"] == "Once")
            #expect(rules.last?["advice"] == "Look at it." && rules.last?["update"] == .null)
        }
    }

    @Test func `a rule that its pack has no more is nothing to update`() async throws {
        try await withDesk { _, desk in
            _ = try await post(desk, try Self.pack(version: 2), "enable")
            let later = try Self.pack(version: 3, retires: true)
            let old = try await desk.packs([later]).call("GET", "/v1/rule-packs/p", desk.context())
            #expect(old.json["update_available"] == true, "\(old.text)")
            #expect(try await post(desk, later, "update").status == 200)
            let new = try await desk.packs([later]).call("GET", "/v1/rule-packs/p", desk.context())
            #expect(new.json["update_available"] == false, "\(new.text)")
            #expect(new.json["rules"]?.asArray?.last?["retired"] == true)
        }
    }

    @Test func `a rule of the installation outlives whoever switched it on`() async throws {
        try await withDesk { _, desk in
            let pack = try Self.pack(version: 2)
            _ = try await post(desk, pack, "enable", #"{"rules": ["once"]}"#)
            desk.rights.permissions[AlertDesk.owner] = nil
            try await desk.emit(
                .userDisabled, ["user_id": .string(AlertDesk.owner.description)],
                subject: AlertDesk.owner.description)
            try await desk.push([("a", 1)], type: "custom.once")
            #expect(desk.told.map(\.type) == ["alert.firing"])
        }
    }
}

extension AlertDesk {
    fileprivate func packs(_ packs: [RulePack]) -> TestCaller {
        TestCaller(
            RulePackEndpoints(packs: packs, rules: AlertRuleStore(database: database), ledger: ledger)
                .operations)
    }
}
