import Access
import EventLoop
import Events
import HTTPServer
import JSON
import Kernel
import Postgres
import TestSupport
import Testing
import Webhooks

@testable import Alerts

struct RuleActionTests {
    private func rule(_ keys: String, _ more: String = "", name: String = "act") -> String {
        """
        {"name": "\(name)", "severity": "critical", "on": ["custom.*"], "when": "event.v > 0",
         "actions": [{"do": "set_mode", "mode": "suspended", "keys": \(keys)}]\(more)}
        """
    }

    @Test(arguments: [
        (#"[{"do": "set_mode", "mode": "suspended", "keys": {}}]"#, "/actions/0/keys"),
        (#"[{"do": "set_mode", "mode": "active", "keys": {"all": true}}]"#, "/actions/0/mode"),
        (#"[{"do": "set_mode", "keys": {"all": true}}]"#, "/actions/0/mode"),
        (#"[{"do": "open_rotation", "mode": "suspended", "keys": {"all": true}}]"#, "/actions/0/mode"),
        (#"[{"do": "open_rotation", "keys": {"all": true, "tags": ["a"]}}]"#, "/actions/0/keys/all"),
        (#"[{"do": "open_rotation", "keys": {"of_event": true, "all": true}}]"#, "/actions/0/keys/of_event"),
        (
            #"[{"do": "open_rotation", "keys": {"tags": null, "environment": "live"}}]"#,
            "/actions/0/keys/tags"
        ),
        (#"[{"do": "send", "keys": {"all": true}}]"#, "/actions/0/do"),
    ])
    func `an action that could mean more than it says is refused by its place`(
        actions: String, pointer: String
    ) async throws {
        try await withDesk { worker, desk in
            let answer = try await desk.call(
                "POST", "alert-rules",
                #"{"name": "r", "severity": "info", "on": ["custom.*"], "actions": \#(actions)}"#)
            #expect(answer.status == 422 && answer.pointers.contains(pointer), "\(answer.text)")
        }
    }

    @Test func `what fires is done once, says why, and is explained`() async throws {
        try await withDesk { worker, desk in
            let (hit, other) = (desk.keys.add(1), desk.keys.add(2))
            let id = try await desk.enabledRule(rule(#"{"of_event": true}"#))
            try await desk.emit(.custom, ["v": 1], subject: hit.description)
            #expect(desk.engine.takeOpenedActions() && !desk.engine.takeOpenedActions())
            // Two nodes at it, and again: a firing is carried out once.
            #expect(try await desk.runner().carryOut() == 1)
            #expect(try await desk.runner().carryOut() == 0)
            #expect(desk.keys.modes[hit] == .suspend && desk.keys.modes[other] == nil)
            #expect(desk.keys.reasons.count == 1 && desk.keys.reasons[0].contains(id))
            let alert = try await desk.alerts().first?["id"]?.asString ?? ""
            let done = try await desk.call("GET", "alerts/\(alert)/explain").json["actions"]?[0]
            #expect(done?["state"] == "done" && done?["changed"] == 1, "\(done ?? .null)")
            #expect(done?["key_ids"]?[0]?.asString == hit.description)
            #expect(try await desk.eventNames("rule.") == ["rule.acted"])
            // Once more, about a key that is suspended already: nothing to tell. About none it could not.
            try await desk.emit(.custom, ["v": 1], subject: hit.description)
            #expect(try await desk.runner().carryOut() == 1)
            #expect(try await desk.eventNames("rule.") == ["rule.acted"])
            desk.now = desk.now + .seconds(1)
            try await desk.emit(.custom, ["v": 1], subject: "nothing")
            #expect(try await desk.runner().carryOut() == 1)
            #expect(try await desk.eventNames("rule.") == ["rule.acted", "rule.action.refused"])
        }
    }

    @Test func `firings that a cooldown swallows act too, and those alike are done with one`() async throws {
        try await withDesk { worker, desk in
            let keys = (1...3).map { desk.keys.add($0) }
            _ = try await desk.enabledRule(rule(#"{"of_event": true}"#, #", "cooldown": "1h""#))
            for key in keys + keys {
                try await desk.emit(.custom, ["v": 1], subject: key.description)
            }
            #expect(try await desk.runner().carryOut() > 0)
            #expect(keys.allSatisfy { desk.keys.modes[$0] == .suspend })
            #expect(desk.keys.reasons.count == 3)
            #expect(desk.told.filter { $0.type == "alert.firing" }.count == 1)
        }
    }

    @Test func `beyond the brake nothing is touched, on whichever node, until its hour is over`() async throws
    {
        try await withDesk { worker, desk in
            let one = (1...2).map { desk.keys.add($0, tags: ["one"]) }
            let many = (3...5).map { desk.keys.add($0, tags: ["many"]) }
            let brake = #", "keys_per_hour": 4"#
            _ = try await desk.enabledRule(rule(#"{"tags": ["one"]}"#, brake))
            let etag = { try await desk.call("GET", "alert-rules/\(try await desk.ruleID())").etag }
            try await desk.emit(.custom, ["v": 1])
            #expect(try await desk.runner().carryOut() == 1)
            #expect(one.allSatisfy { desk.keys.modes[$0] == .suspend })
            let changed = try await desk.call(
                "PATCH", "alert-rules/\(try await desk.ruleID())",
                #"{"actions": [{"do": "set_mode", "mode": "suspended", "keys": {"tags": ["many"]}}]}"#,
                match: try await etag())
            #expect(changed.status == 200, "\(changed.text)")
            let plan = try await desk.call(
                "POST", "alert-rules/\(try await desk.ruleID())/actions/dry-run", "{}")
            #expect(plan.json["touched_last_hour"] == 2, "\(plan.text)")
            #expect(plan.json["actions"]?[0]?["braked"] == true)
            #expect(plan.json["actions"]?[0]?["keys"]?.asArray?.count == 3)
            for _ in 0..<2 {
                try await desk.emit(.custom, ["v": 1])
                #expect(try await desk.runner().carryOut() == 1)
            }
            #expect(many.allSatisfy { desk.keys.modes[$0] == nil })
            // Both happen at one moment.
            #expect(try await desk.eventNames("rule.").sorted() == ["rule.acted", "rule.braked"])
            desk.now = desk.now + .minutes(61)
            try await desk.emit(.custom, ["v": 1])
            #expect(try await desk.runner().carryOut() == 1)
            #expect(many.allSatisfy { desk.keys.modes[$0] == .suspend })
        }
    }

    @Test func `nodes that act at once stay within the brake together`() async throws {
        try await withDesk { worker, desk in
            let keys = (1...12).map { desk.keys.add($0) }
            _ = try await desk.enabledRule(rule(#"{"of_event": true}"#, #", "keys_per_hour": 5"#))
            for key in keys { try await desk.emit(.custom, ["v": 1], subject: key.description) }
            var ended = 0
            for _ in 0..<3 {
                let runner = desk.runner()
                worker.spawn {
                    _ = try? await runner.carryOut()
                    ended += 1
                }
            }
            try await wait(until: "all of them have ended") { ended == 3 }
            #expect(keys.count { desk.keys.modes[$0] == .suspend } == 5)
            #expect(try await desk.runner().carryOut() == 0)
            let told = try await desk.eventNames("rule.")
            #expect(told.filter { $0 == "rule.acted" }.count == 5)
            #expect(told.filter { $0 == "rule.braked" }.count == 1)
        }
    }

    @Test func `rules:write alone reaches no key through anybody's rule`() async throws {
        try await withDesk { worker, desk in
            let key = desk.keys.add(1)
            let writer = PrincipalID(.user, UUID(high: 1, low: 2))
            desk.rights.permissions[writer] = [.rulesRead, .rulesWrite, .eventsRead]
            let may = testContext([.rulesRead, .rulesWrite, .eventsRead], at: desk.now, principal: writer)
            let made = try await desk.call("POST", "alert-rules", rule(#"{"of_event": true}"#), as: may)
            #expect(made.status == 403 && made.json["missing_permission"] == "keys:suspend")
            let id = try await desk.enabledRule(rule(#"{"all": true}"#))
            let etag = try await desk.call("GET", "alert-rules/\(id)").etag
            for body in [
                #"{"when": "event.v >= 0"}"#, #"{"on": ["custom.a"]}"#, #"{"group_by": ["event.v"]}"#,
                #"{"expires_at": "2030-01-01T00:00:00Z"}"#, #"{"keys_per_hour": 1000}"#,
                #"{"window": {"count": 1, "within": "1m"}}"#, #"{"retroactive": true}"#,
                #"{"actions": [{"do": "open_rotation", "keys": {"all": true}}]}"#,
            ] {
                let answer = try await desk.call("PATCH", "alert-rules/\(id)", body, match: etag, as: may)
                #expect(answer.status == 403, "\(body): \(answer.text)")
            }
            let restored = try await desk.call(
                "PATCH", "alert-rules/\(id)", #"{"severity": "info"}"#, match: etag)
            #expect(restored.status == 200)
            let renamed = try await desk.call(
                "PATCH", "alert-rules/\(id)", #"{"name": "renamed"}"#, match: restored.etag, as: may)
            #expect(renamed.status == 200, "\(renamed.text)")
            // Off is safe, and on again is not theirs to say.
            let off = try await desk.call("POST", "alert-rules/\(id)/disable", #"{"reason": "r"}"#, as: may)
            #expect(off.status == 200)
            #expect(try await desk.call("POST", "alert-rules/\(id)/enable", as: may).status == 403)
            // Without its actions it is a rule as any other; no version brings them back.
            let bare = try await desk.call(
                "PATCH", "alert-rules/\(id)", #"{"actions": []}"#, match: off.etag, as: may)
            #expect(bare.status == 200, "\(bare.text)")
            let again = try await desk.call(
                "POST", "alert-rules/\(id)/restore", #"{"version": 1}"#, match: bare.etag, as: may)
            #expect(again.status == 403, "\(again.text)")
            #expect(desk.keys.modes[key] == nil)
        }
    }

    @Test func `it acts by what its owner and its last editor may, as they may then`() async throws {
        try await withDesk { worker, desk in
            let (a, b, both) = (
                desk.keys.add(1, tags: ["a"]), desk.keys.add(2, tags: ["b"]),
                desk.keys.add(3, tags: ["a", "b"])
            )
            let editor = PrincipalID(.user, UUID(high: 1, low: 2))
            let ofA = desk.rights(of: AlertDesk.owner, tag: "a")
            let ofB = desk.rights(of: editor, tag: "b")
            var context = desk.context()
            context.rights = ofA
            let made = try await desk.call("POST", "alert-rules", rule(#"{"of_event": true}"#), as: context)
            let id = made.json["id"]?.asString ?? ""
            context.rights = ofB
            context.actor.principal = editor
            let edited = try await desk.call(
                "PATCH", "alert-rules/\(id)", #"{"when": "event.v > 1"}"#, match: made.etag, as: context)
            #expect(edited.status == 200, "\(edited.text)")
            #expect(try await desk.call("POST", "alert-rules/\(id)/enable", as: context).status == 200)
            // Of another's tag, not even when it is named.
            let named = try await desk.call(
                "PATCH", "alert-rules/\(id)",
                #"{"actions": [{"do": "set_mode", "mode": "suspended", "keys": {"tags": ["a"]}}]}"#,
                match: try await desk.call("GET", "alert-rules/\(id)").etag, as: context)
            #expect(named.status == 403, "\(named.text)")
            for key in [a, b, both] { try await desk.emit(.custom, ["v": 2], subject: key.description) }
            #expect(try await desk.runner().carryOut() == 3)
            #expect(desk.keys.modes[a] == nil && desk.keys.modes[b] == nil)
            #expect(desk.keys.modes[both] == .suspend)
            #expect(
                try await desk.eventNames("rule.").sorted()
                    == ["rule.acted", "rule.action.refused", "rule.action.refused"])
        }
    }

    @Test func `what a leaver wrote does nothing by the heir's rights until somebody says so`() async throws {
        try await withDesk { worker, desk in
            let key = desk.keys.add(1)
            let heir = PrincipalID(.user, UUID(high: 1, low: 3))
            desk.rights.permissions[heir] = Set(Permission.allCases)
            let id = try await desk.enabledRule(rule(#"{"all": true}"#))
            try await desk.ledger.change(desk.context()) { change in
                _ = try await RuleLeaving.carryOut(AlertDesk.owner, heir: heir, change)
            }
            desk.rights.permissions[AlertDesk.owner] = nil
            try await desk.emit(.custom, ["v": 1])
            #expect(try await desk.runner().carryOut() == 1)
            #expect(try await desk.eventNames("rule.") == ["rule.action.refused"])
            let asHeir = testContext(at: desk.now, principal: heir)
            _ = try await desk.call("POST", "alert-rules/\(id)/disable", #"{"reason": "r"}"#, as: asHeir)
            #expect(try await desk.call("POST", "alert-rules/\(id)/enable", as: asHeir).status == 200)
            try await desk.emit(.custom, ["v": 1])
            #expect(try await desk.runner().carryOut() == 1)
            #expect(desk.keys.modes[key] == .suspend)
        }
    }

    @Test func `what cannot be done now holds up nothing else`() async throws {
        try await withDesk { worker, desk in
            let (held, free) = (desk.keys.add(1), desk.keys.add(2))
            _ = try await desk.enabledRule(rule(#"{"of_event": true}"#))
            desk.keys.stuck = [held]
            // More than one look takes, and all of them before the others.
            for _ in 0..<51 { try await desk.emit(.custom, ["v": 1], subject: held.description) }
            desk.now = desk.now + .seconds(1)
            try await desk.emit(.custom, ["v": 1], subject: free.description)
            await #expect(throws: TestFailure.self) { try await desk.runner().carryOut() }
            #expect(desk.keys.modes[free] == .suspend && desk.keys.modes[held] == nil)
            desk.keys.stuck = []
            #expect(try await desk.runner().carryOut() > 0)
            #expect(desk.keys.modes[held] == .suspend)
        }
    }

    @Test func `what the rule does not want any more is not done, and what cannot be done is told`()
        async throws
    {
        try await withDesk { worker, desk in
            let key = desk.keys.add(1)
            let id = try await desk.enabledRule(rule(#"{"all": true}"#))
            try await desk.emit(.custom, ["v": 1])
            _ = try await desk.call("POST", "alert-rules/\(id)/disable", #"{"reason": "stop"}"#)
            #expect(try await desk.runner().carryOut() == 1)
            #expect(desk.keys.modes[key] == nil)
            _ = try await desk.call("POST", "alert-rules/\(id)/enable")
            // A database that is away is waited for, an hour at most; a refusal is one.
            try await desk.emit(.custom, ["v": 1])
            desk.keys.obstacle = TestFailure(text: "away")
            await #expect(throws: TestFailure.self) { try await desk.runner().carryOut() }
            desk.keys.obstacle = Problem(.conflict, "It is not possible.")
            #expect(try await desk.runner().carryOut() == 1)
            #expect(try await desk.eventNames("rule.") == ["rule.action.refused"])
            try await desk.emit(.custom, ["v": 1])
            desk.keys.obstacle = TestFailure(text: "away")
            desk.now = desk.now + .minutes(61)
            #expect(try await desk.runner().carryOut() == 1)
            #expect(try await desk.eventNames("rule.").count == 2)
        }
    }

    @Test(arguments: [
        (#""subject": "KEY""#, true), (#""key_id": "KEY""#, true),
        (#""subject": "x", "key_id": "KEY""#, true),
        (#""key_id": "main""#, false), (#""subject": "x""#, false),
    ])
    func `a trial and what is done take the same key of an event, and where there is none that is told`(
        fields: String, names: Bool
    ) async throws {
        try await withDesk { worker, desk in
            let key = desk.keys.add(1)
            let id = try await desk.enabledRule(rule(#"{"of_event": true}"#))
            let fields = fields.replacing("KEY", with: key.description)
            let body = #"{"type": "custom.a", "v": 1, \#(fields)}"#
            let paths = ["test", "actions/dry-run"]
            for path in paths {
                let plan = try await desk.call("POST", "alert-rules/\(id)/\(path)", #"{"event": \#(body)}"#)
                #expect(plan.json["actions"]?[0]?["matched"] == (names ? 1 : 0), "\(plan.text)")
            }
            let data = try JSONValue.parse(Array(body.utf8)).asObject ?? JSONObject()
            let own = JSONObject(
                members: data.members.filter { $0.name != "type" && $0.name != "subject" }
                    .map { ($0.name, $0.value) })
            try await desk.emit(.custom, .object(own), subject: data["subject"]?.asString)
            #expect(try await desk.runner().carryOut() == 1)
            #expect((desk.keys.modes[key] == .suspend) == names)
            let refused = try await desk.eventNames("rule.action.")
            #expect(refused == (names ? [] : ["rule.action.refused"]))
        }
    }

    @Test func `what names a key that is not there says so`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(rule(#"{"of_event": true}"#))
            let gone = ExchangeKeyID(UUID(high: 1, low: 1))
            try await desk.emit(.custom, ["v": 1], subject: gone.description)
            #expect(try await desk.runner().carryOut() == 1)
            let alert = try await desk.alerts().first?["id"]?.asString ?? ""
            let done = try await desk.call("GET", "alerts/\(alert)/explain").json["actions"]?[0]
            #expect(done?["note"]?.asString?.contains("no such key") == true, "\(done ?? .null)")
        }
    }

    @Test func `a trial says what would be done, and does nothing`() async throws {
        try await withDesk { worker, desk in
            let key = desk.keys.add(1)
            let id = try await desk.enabledRule(rule(#"{"of_event": true}"#))
            func plan(_ value: Int) async throws -> JSONValue? {
                try await desk.call(
                    "POST", "alert-rules/\(id)/test",
                    #"{"event": {"type": "custom.a", "subject": "\#(key)", "v": \#(value)}}"#
                ).json["actions"]
            }
            #expect(try await plan(1)?[0]?["keys"]?[0]?["id"]?.asString == key.description)
            #expect(try await plan(0)?.asArray?.isEmpty == true)
            #expect(desk.keys.modes[key] == nil)
            #expect(try await desk.runner().carryOut() == 0)
        }
    }
}

private let namedEvents = Statement(
    "test_named_events", "select type from event where type like $1 || '%' order by at, id")

extension AlertDesk {
    fileprivate func eventNames(_ area: String) async throws -> [String] {
        try await database.query(namedEvents, .text(area)).map { $0.text(0) }
    }

    fileprivate func ruleID() async throws -> String {
        try await call("GET", "alert-rules").json["data"]?[0]?["id"]?.asString ?? ""
    }

    /// Everything, but to suspend what has the tag only.
    fileprivate func rights(of principal: PrincipalID, tag: String) -> Rights {
        let everywhere = Set(Permission.allCases).subtracting([.keysSuspend])
        let id = GrantID(UUID(high: 1, low: 1))
        let rights = Rights(
            [
                GrantedRole(id: id, role: "all", permissions: everywhere),
                GrantedRole(
                    id: id, role: "some", permissions: [.keysSuspend],
                    scope: .selector(Scope.Selector(tags: [tag]))),
            ], at: now)
        self.rights.scoped[principal] = rights
        return rights
    }
}

extension EventType {
    fileprivate static let custom = EventType("custom.a") ?? .ruleFailed
}
