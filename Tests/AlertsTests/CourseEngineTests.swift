import Access
import EventLoop
import Events
import Expressions
import JSON
import Jobs
import Kernel
import Postgres
import Testing
import TestSupport
import Webhooks

@testable import Alerts

struct CourseEngineTests {
    private let three = """
        {"name": "three", "severity": "warning", "on": ["custom.*"], "when": "event.v > 0",
         "group_by": ["event.g"], "window": {"count": 3, "within": "10m"}}
        """

    @Test func `a window is counted on over a restart, and what was spent is not counted again`() async throws
    {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(three)
            let one = desk.courseEngine(on: worker)
            try await desk.push([("a", 1), ("a", 1), ("b", 1), ("a", 0)])
            try await desk.catchUp(one)
            #expect(desk.told.isEmpty)
            let other = desk.courseEngine(on: worker)
            try await desk.push([("a", 1)])
            try await desk.catchUp(other)
            #expect(desk.told.map(\.type) == ["alert.firing"])
            #expect(desk.told.first?.data["group"] == ["event.g": "a"])
            try await desk.push([("b", 1), ("b", 1), ("a", 1), ("a", 1)])
            try await desk.catchUp(other)
            #expect(desk.told.compactMap { $0.data["group"]?["event.g"] } == ["a", "b"])
            #expect(try await desk.alerts().count == 2)
            #expect(try await desk.count("rule_firing") == 2)
        }
    }

    @Test func `what lasts fires when its time is over, and is resolved by itself`() async throws {
        try await withDesk { worker, desk in
            let rule = """
                {"name": "down", "severity": "critical", "on": ["custom.*"], "when": "event.v == 0",
                 "group_by": ["event.g"], "for": "5m", "recover_when": "event.v == 1"}
                """
            _ = try await desk.enabledRule(rule)
            let engine = desk.courseEngine(on: worker)
            let start = desk.now
            try await desk.push([("a", 0)])
            try await desk.catchUp(engine)
            desk.now = start + .minutes(5)
            try await desk.catchUp(engine)
            // Events of that moment may still come.
            #expect(desk.told.isEmpty)
            desk.now = start + .minutes(6)
            try await desk.catchUp(engine)
            let alert = try #require(try await desk.alerts().first)
            #expect(alert["first_at"]?.asString == (start + .minutes(5)).description)
            #expect(alert["event"]?["g"] == "a" && alert["state"] == "firing")
            try await desk.push([("a", 1)])
            desk.now = start + .minutes(20)
            try await desk.catchUp(engine)
            let resolved = try #require(try await desk.alerts().first)
            #expect(resolved["state"] == "resolved" && resolved["resolved_by"]?.isNull == true)
            #expect(resolved["resolved_at"]?.asString == (start + .minutes(11)).description)
            #expect(desk.told.map(\.type) == ["alert.firing", "alert.resolved"])
        }
    }

    @Test func `what never came is missed from when its rule was enabled, until the rule expires`()
        async throws
    {
        try await withDesk { worker, desk in
            let start = desk.now
            let rule = """
                {"name": "beat", "severity": "critical", "on": ["custom.beat"],
                 "window": {"absence": true, "within": "1m"}, "expires_at": "\(start + .hours(2))"}
                """
            _ = try await desk.enabledRule(rule)
            let engine = desk.courseEngine(on: worker)
            try await desk.catchUp(engine)
            desk.now = start + .minutes(2)
            try await desk.catchUp(engine)
            #expect(desk.told.map(\.type) == ["alert.firing"])
            #expect(desk.told.first?.data["event"]?["type"] == "custom.beat")
            try await desk.push([("x", 1)], type: "custom.beat")
            try await desk.catchUp(engine)
            #expect(desk.told.map(\.type) == ["alert.firing", "alert.resolved"])
            desk.now = start + .hours(3)
            try await desk.push([("x", 1)], type: "custom.beat")
            try await desk.catchUp(engine)
            // It was missed until the end, and then nobody looks any more.
            #expect(desk.told.dropFirst(2).map(\.type) == ["alert.firing", "alert.resolved"])
            #expect(desk.told.last?.data["note"] == "its rule's time is over")
        }
    }

    @Test func `another condition begins anew, another name does not`() async throws {
        try await withDesk { worker, desk in
            let id = try await desk.enabledRule(three)
            let engine = desk.courseEngine(on: worker)
            try await desk.push([("a", 1), ("a", 1)])
            try await desk.catchUp(engine)
            try await desk.change(id, #"{"name": "renamed", "severity": "info"}"#)
            try await desk.push([("a", 1)])
            try await desk.catchUp(engine)
            #expect(desk.told.count == 1)
            try await desk.push([("a", 1), ("a", 1)])
            try await desk.catchUp(engine)
            try await desk.change(id, #"{"when": "event.v >= 1"}"#)
            try await desk.push([("a", 1)])
            try await desk.catchUp(engine)
            #expect(desk.told.count == 1)
            // Not even while nobody looked: what came before it was enabled is not its own.
            _ = try await desk.call("POST", "alert-rules/\(id)/disable", #"{"reason": "r"}"#)
            try await desk.push([("a", 1), ("a", 1), ("a", 1)])
            _ = try await desk.call("POST", "alert-rules/\(id)/enable")
            try await desk.push([("a", 1), ("a", 1)])
            try await desk.catchUp(engine)
            #expect(desk.told.count == 1)
        }
    }

    @Test func `a rule that hears nothing is blind, which is told once, and not as its alert`() async throws {
        try await withDesk { worker, desk in
            let start = desk.now
            let id = try await desk.enabledRule(
                """
                {"name": "ears", "severity": "info", "on": ["custom.*"], "when": "event.v > 5",
                 "no_data_after": "1h"}
                """)
            let engine = desk.courseEngine(on: worker)
            func status() async throws -> String? {
                try await desk.call("GET", "alert-rules/\(id)").json["status"]?.asString
            }
            try await desk.catchUp(engine)
            desk.now = start + .minutes(50)
            try await desk.push([("a", 1)])
            try await desk.catchUp(engine)
            desk.now = start + .minutes(100)
            try await desk.catchUp(engine)
            #expect(try await status() == "enabled")
            for minutes in [111, 300] as [Int64] {
                desk.now = start + .minutes(minutes)
                try await desk.catchUp(engine)
                #expect(try await status() == "no_data")
            }
            #expect(desk.told.map(\.type) == ["rule.no_data"])
            // It goes on all the same.
            try await desk.push([("a", 9)])
            #expect(desk.told.map(\.type) == ["rule.no_data", "alert.firing"])
            try await desk.catchUp(engine)
            #expect(try await status() == "enabled")
            #expect(try await desk.alerts().count == 1)
        }
    }

    @Test func `the end of a rule is told a week before, once, and then it ends`() async throws {
        try await withDesk { worker, desk in
            let start = desk.now
            let id = try await desk.enabledRule(
                """
                {"name": "short", "severity": "info", "on": ["custom.*"],
                 "expires_at": "\(start + .days(10))"}
                """)
            let job = RuleExpiry(ledger: desk.ledger).job
            for day in [2, 4, 5, 10, 11] {
                desk.now = start + .days(Int64(day))
                let context = Context.installation(now: desk.now, requestID: "job")
                _ = try await job.run(JobRun(id: desk.ledger.newID(), context: context))
            }
            let told = try await desk.database.query(ruleEvents).map { $0.text(0) }
            #expect(told == ["rule.expiring", "rule.expired"])
            try await desk.push([("a", 1)])
            #expect(desk.told.isEmpty)
            #expect(try await desk.call("GET", "alert-rules/\(id)").json["status"] == "expired")
            #expect(try await desk.call("POST", "alert-rules/\(id)/enable").code == "conflict")
            try await desk.change(id, #"{"expires_at": null}"#)
            #expect(try await desk.call("POST", "alert-rules/\(id)/enable").json["status"] == "enabled")
        }
    }

    @Test func `what cannot be said is told once`() async throws {
        try await withDesk { worker, desk in
            let id = try await desk.enabledRule(three)
            let engine = desk.courseEngine(on: worker)
            try await desk.emit(try #require(EventType("custom.none")), ["g": "a"])
            try await desk.emit(try #require(EventType("custom.none")), ["g": "b"])
            try await desk.catchUp(engine)
            #expect(desk.told.map(\.type) == ["rule.failed"])
            #expect(try await desk.call("GET", "alert-rules/\(id)").json["status"] == "error")
        }
    }

    @Test func `what cannot be said is told again a day later, and is over when it did not happen again`()
        async throws
    {
        try await withDesk { worker, desk in
            let start = desk.now
            let point = #"{"name": "point", "severity": "info", "on": ["custom.*"], "when": "event.v > 0"}"#
            let ids = [try await desk.enabledRule(three), try await desk.enabledRule(point)]
            let engine = desk.courseEngine(on: worker)
            for hours in [0, 2, 23, 25, 26] as [Int64] {
                desk.now = start + .hours(hours)
                // Whoever reads the rules anew knows that they fail.
                _ = try await desk.enabledRule(
                    #"{"name": "other \#(hours)", "severity": "info", "on": ["key.*"]}"#)
                try await desk.emit(try #require(EventType("custom.none")), ["g": "a"])
                try await desk.catchUp(engine)
            }
            #expect(desk.told.map(\.type) == Array(repeating: "rule.failed", count: 4))
            for (hours, status) in [(70, "error"), (74, "enabled")] as [(Int64, String)] {
                desk.now = start + .hours(hours)
                let context = Context.installation(now: desk.now, requestID: "job")
                let job = RuleExpiry(ledger: desk.ledger).job
                _ = try await job.run(JobRun(id: desk.ledger.newID(), context: context))
                for id in ids {
                    let rule = try await desk.call("GET", "alert-rules/\(id)").json
                    #expect(rule["status"]?.asString == status)
                }
            }
        }
    }

    @Test func `a rule that fails and then hears nothing is blind too`() async throws {
        try await withDesk { worker, desk in
            let start = desk.now
            let id = try await desk.enabledRule(
                """
                {"name": "ears", "severity": "info", "on": ["custom.*"], "when": "event.v > 5",
                 "no_data_after": "1h"}
                """)
            let engine = desk.courseEngine(on: worker)
            try await desk.emit(try #require(EventType("custom.none")), ["g": "a"])
            try await desk.catchUp(engine)
            desk.now = start + .hours(2)
            try await desk.catchUp(engine)
            #expect(desk.told.map(\.type) == ["rule.failed", "rule.no_data"])
            #expect(try await desk.call("GET", "alert-rules/\(id)").json["status"] == "no_data")
            try await desk.emit(try #require(EventType("custom.none")), ["g": "a"])
            #expect(try await desk.call("GET", "alert-rules/\(id)").json["status"] == "error")
        }
    }

    @Test func `more groups than are kept give way, the least recent first, and that is told once`()
        async throws
    {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(three)
            let engine = desk.courseEngine(on: worker, groupsAtMost: 2)
            for _ in 0..<2 {
                try await desk.push((0..<80).map { ("group \($0)", 1) })
                try await desk.catchUp(engine)
            }
            #expect(desk.told.map(\.type) == ["rule.overflowed"])
            let left = try await desk.database.query(countWindows).first?.int(0) ?? 0
            #expect(left > 0 && left < 80)
        }
    }

    @Test func `an alert whose group gives way is resolved, with a note, and the newest group stays`()
        async throws
    {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(
                """
                {"name": "down", "severity": "critical", "on": ["custom.*"], "when": "event.v == 0",
                 "group_by": ["event.g"], "for": "1m", "recover_when": "event.v == 1"}
                """)
            let engine = desk.courseEngine(on: worker, groupsAtMost: 1)
            let groups = (0..<40).map { "group \($0)" }
            for group in groups {
                desk.now = desk.now + .seconds(1)
                try await desk.push([(group, 0)])
                try await desk.catchUp(engine)
                desk.now = desk.now + .minutes(2)
                try await desk.catchUp(engine)
            }
            let alerts = try await desk.alerts()
            func are(_ state: String) -> [JSONValue] {
                alerts.filter { $0["state"]?.asString == state }
            }
            #expect(alerts.count == groups.count, "no group gave way before it fired")
            #expect(!are("resolved").isEmpty)
            for alert in are("resolved") {
                #expect(alert["resolve_note"]?.asString == "its rule has more groups than are kept")
            }
            let left = try await desk.database.query(countWindows).first?.int(0) ?? 0
            #expect(are("firing").count == left, "whatever fires is still watched")
        }
    }

    @Test func `nodes that come and go do together what one would do alone`() async throws {
        try await withDesk { worker, desk in
            let random = SeededGenerator(seed: 5)
            let groups = (0..<24).map { "g\($0)" }
            let id = try await desk.enabledRule(three)
            var count = 1
            let engines = (1...3).map { node in
                desk.courseEngine(on: worker, node: UInt64(node)) { count }
            }
            var run = RuleRun(try await desk.content(of: id), from: desk.now)
            var expected: [String] = []
            for _ in 0..<30 {
                let pushed = try await desk.push(
                    (0..<random.number(1..<12)).map { _ in
                        (groups[random.number(0..<groups.count)], random.number(0..<3))
                    })
                for event in pushed {
                    let view = EventView.flat(event)
                    let occurrence = RuleMachine.Occurrence(
                        id: event.id, at: event.at, type: event.type, event: .object(JSONFields(view)))
                    expected += run.take(occurrence, view).map { outcome in
                        "\(outcome.group["event.g"]?.asString ?? "") \(outcome.transition.at)"
                    }
                }
                count = random.number(1..<4)
                desk.now = desk.now + .seconds(Int64(random.number(5..<60)))
                for engine in engines.shuffled(by: random).prefix(random.number(1..<4)) {
                    // A node whose lease was taken finds out when it writes.
                    while (try? await engine.step()) == true {}
                }
            }
            count = 1
            for engine in engines.dropFirst() { await engine.shards.letGo() }
            desk.now = desk.now + .seconds(20)
            try await desk.catchUp(engines[0])
            let fired = desk.told.compactMap { message -> String? in
                guard let group = message.data["group"]?["event.g"]?.asString else { return nil }
                return "\(group) \(message.data["last_at"]?.asString ?? "")"
            }
            #expect(!expected.isEmpty)
            #expect(fired.sorted() == expected.sorted())
        }
    }
}

private let ruleEvents = Statement(
    "test_rule_events", "select type from event where type like 'rule.%' order by at, id")
private let countWindows = Statement("test_windows", "select count(*) from rule_window")

extension AlertDesk {
    @discardableResult
    func push(_ values: [(String, Int)], type: String = "custom.a") async throws -> [Event] {
        guard let type = EventType(type) else { throw TestFailure(text: type) }
        return try await ledger.change(context()) { change in
            values.map { group, value in
                change.emit(
                    NewEvent(type, subject: "s", ["g": .string(group), "v": .number(JSONNumber(value))]))
            }
        }
    }

    fileprivate func change(_ rule: String, _ fields: String) async throws {
        let etag = try await call("GET", "alert-rules/\(rule)").etag
        let changed = try await call("PATCH", "alert-rules/\(rule)", fields, match: etag)
        guard changed.status == 200 else { throw TestFailure(text: changed.text) }
    }

    func content(of id: String) async throws -> RuleContent {
        guard let id = AlertRuleID(id),
            let rule = try await AlertRuleStore(database: database).find(id)
        else { throw TestFailure(text: "no rule") }
        return rule.content
    }

    /// Until all that was committed before is read, and all that is due now was done.
    func catchUp(_ engine: CourseEngine) async throws {
        let row = try await database.query(Self.newest).first
        let newest = UInt64(row?.text(0) ?? "") ?? 0
        try await wait(until: "the engine has read on") {
            while try await engine.step() {}
            let place = engine.shards.place?.transaction ?? 0
            return place + 1 >= newest && engine.watermark.time >= self.now
        }
    }

    private static let newest = Statement(
        "test_newest", "select pg_snapshot_xmax(pg_current_snapshot())::text")
}

extension Array {
    fileprivate func shuffled(by random: SeededGenerator) -> [Element] {
        map { ($0, random.next()) }.sorted { $0.1 < $1.1 }.map(\.0)
    }
}
