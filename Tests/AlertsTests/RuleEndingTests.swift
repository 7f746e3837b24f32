import Access
import Events
import JSON
import Jobs
import Kernel
import Postgres
import Webhooks
import TestSupport
import Testing

@testable import Alerts

/// What becomes of alerts when somebody resolves them, or their rule is not what it was.
struct RuleEndingTests {
    private let down = """
        {"name": "down", "severity": "critical", "on": ["custom.*"], "when": "event.v == 0",
         "group_by": ["event.g"], "recover_when": "event.v == 1"}
        """

    @Test func `what somebody resolved fires again when it is so again, whichever node watches it`()
        async throws
    {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(down)
            let (one, other) = (desk.courseEngine(on: worker), desk.courseEngine(on: worker, node: 2))
            try await desk.push([("a", 0), ("b", 0)])
            try await desk.catchUp(one)
            try await desk.resolveAll(of: "a")
            await one.shards.letGo()
            try await desk.push([("a", 0), ("b", 0)])
            try await desk.catchUp(other)
            #expect(try await desk.states(of: "a") == ["firing", "resolved"])
            #expect(try await desk.states(of: "b") == ["firing"])
            try await desk.push([("a", 1), ("b", 1)])
            try await desk.catchUp(other)
            #expect(try await desk.states(of: "a") == ["resolved", "resolved"])
            #expect(try await desk.states(of: "b") == ["resolved"])
        }
    }

    @Test func `what fired again before anybody could know that it was resolved fires on`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(down)
            let engine = desk.courseEngine(on: worker)
            try await desk.push([("a", 0)])
            try await desk.catchUp(engine)
            try await desk.push([("a", 1), ("a", 0)])
            try await desk.resolveAll(of: "a")
            try await desk.catchUp(engine)
            #expect(try await desk.states(of: "a") == ["firing", "resolved"])
            try await desk.push([("a", 0)])
            try await desk.catchUp(engine)
            #expect(try await desk.states(of: "a") == ["firing", "resolved"])
            try await desk.push([("a", 1)])
            try await desk.catchUp(engine)
            #expect(try await desk.states(of: "a") == ["resolved", "resolved"])
        }
    }

    @Test func `a rule whose time is over is not enabled again, whether or not that was noted yet`()
        async throws
    {
        try await withDesk { _, desk in
            let id = try await desk.enabledRule(down)
            try await desk.patch(id, #"{"expires_at": "\#(desk.now + .minutes(1))"}"#)
            #expect(try await desk.call("POST", "alert-rules/\(id)/enable").status == 200)
            desk.now = desk.now + .minutes(1)
            let again = try await desk.call("POST", "alert-rules/\(id)/enable")
            #expect(again.status == 409, "\(again.text)")
            #expect(RuleExpiry(ledger: desk.ledger).job.every == .minutes(1))
        }
    }

    @Test func `what stays away after it was resolved is missed again after its whole time`() async throws {
        try await withDesk { worker, desk in
            let start = desk.now
            _ = try await desk.enabledRule(
                """
                {"name": "beat", "severity": "critical", "on": ["custom.*"], "group_by": ["event.g"],
                 "window": {"absence": true, "within": "10m"}}
                """)
            let engine = desk.courseEngine(on: worker)
            try await desk.push([("a", 1)])
            desk.now = start + .minutes(11)
            try await desk.catchUp(engine)
            #expect(try await desk.states(of: "a") == ["firing"])
            try await desk.resolveAll(of: "a")
            desk.now = start + .minutes(20)
            try await desk.catchUp(engine)
            #expect(try await desk.states(of: "a") == ["resolved"])
            desk.now = start + .minutes(22)
            try await desk.catchUp(engine)
            #expect(try await desk.states(of: "a") == ["firing", "resolved"])
        }
    }

    @Test(arguments: ["changed", "disabled", "deleted", "expired"])
    func `alerts of what nobody watches any more are resolved, and that is told`(_ end: String) async throws {
        try await withDesk { worker, desk in
            let id = try await desk.enabledRule(down)
            let one = desk.courseEngine(on: worker)
            try await desk.push([("a", 0), ("b", 0), ("b", 1)])
            try await desk.catchUp(one)
            try await desk.end(id, end)
            // Whoever watched it is gone: the node that follows knows nothing of it.
            await one.shards.letGo()
            let engine = desk.courseEngine(on: worker, node: 2)
            try await wait(until: "the alert is resolved") {
                while try await engine.step() {}
                return try await desk.states(of: "a") == ["resolved"]
            }
            let alert = try #require(try await desk.alerts().first { $0["group"]?["event.g"] == "a" })
            let note = end == "expired" ? "its rule's time is over" : "its rule was \(end)"
            #expect(alert["resolve_note"]?.asString == note && alert["resolved_by"]?.isNull == true)
            let told = desk.told.filter { $0.type == "alert.resolved" }
            #expect(told.count == 2 && told.last?.data["note"]?.asString == note)
            #expect(try await desk.database.query(countStates).first?.int(0) == 0)
        }
    }

    @Test func `another name resolves nothing, and what is only counted is no alert`() async throws {
        try await withDesk { worker, desk in
            let id = try await desk.enabledRule(down)
            _ = try await desk.enabledRule(
                """
                {"name": "three", "severity": "info", "on": ["custom.*"], "group_by": ["event.g"],
                 "window": {"count": 3, "within": "10m"}}
                """)
            let engine = desk.courseEngine(on: worker)
            try await desk.push([("a", 0), ("a", 0)])
            try await desk.catchUp(engine)
            try await desk.patch(id, #"{"name": "renamed"}"#)
            try await desk.push([("a", 0)])
            try await desk.catchUp(engine)
            #expect(try await desk.states(of: "a") == ["firing", "firing"])
            try await desk.patch(id, #"{"when": "event.v == 7"}"#)
            try await desk.catchUp(engine)
            #expect(try await desk.states(of: "a") == ["firing", "resolved"])
        }
    }
}

private let countStates = Statement("test_states_left", "select count(*) from rule_window")

extension AlertDesk {
    /// Of a group's alerts, in the order of the alphabet.
    fileprivate func states(of group: String) async throws -> [String] {
        try await alerts().filter { $0["group"]?["event.g"]?.asString == group }
            .compactMap { $0["state"]?.asString }.sorted()
    }

    fileprivate func resolveAll(of group: String) async throws {
        for alert in try await alerts() where alert["group"]?["event.g"]?.asString == group {
            _ = try await call("POST", "alerts/\(alert["id"]?.asString ?? "")/resolve")
        }
    }

    fileprivate func patch(_ rule: String, _ fields: String) async throws {
        let etag = try await call("GET", "alert-rules/\(rule)").etag
        let changed = try await call("PATCH", "alert-rules/\(rule)", fields, match: etag)
        guard changed.status == 200 else { throw TestFailure(text: changed.text) }
    }

    fileprivate func end(_ rule: String, _ how: String) async throws {
        switch how {
        case "changed": try await patch(rule, #"{"when": "event.v == 7"}"#)
        case "disabled": _ = try await call("POST", "alert-rules/\(rule)/disable")
        case "deleted":
            let etag = try await call("GET", "alert-rules/\(rule)").etag
            _ = try await call("DELETE", "alert-rules/\(rule)", match: etag)
        default:
            try await patch(rule, #"{"expires_at": "\#(now + .minutes(1))"}"#)
            now = now + .minutes(2)
            let context = Context.installation(now: now, requestID: "job")
            _ = try await RuleExpiry(ledger: ledger).job.run(JobRun(id: ledger.newID(), context: context))
        }
    }
}
