import Access
import Events
import JSON
import Kernel
import Testing
import TestSupport
import Webhooks

@testable import Alerts

/// What becomes of an alert between its firing and its end.
struct AlertLifeTests {
    private static let start = Timestamp.testStart

    private func acknowledgement(until: Timestamp? = nil) -> Acknowledgement {
        Acknowledgement(
            mark: Alert.Mark(at: Self.start, by: "usr", note: nil), until: until, count: 3,
            severity: "warning")
    }

    @Test func `an acknowledgement ends when the alert gets worse, or when its time is over`() {
        let later = Self.start + .hours(2)
        let forGood = acknowledgement()
        #expect(forGood.end(count: 5, severity: .warning, at: later) == nil)
        #expect(forGood.end(count: 6, severity: .warning, at: later) == .count)
        #expect(forGood.end(count: 4, severity: .critical, at: later) == .severity)
        #expect(forGood.end(count: 4, severity: .info, at: later) == nil)
        let short = acknowledgement(until: Self.start + .hours(1))
        #expect(short.end(count: 3, severity: .warning, at: Self.start) == nil)
        #expect(short.end(count: 3, severity: .warning, at: Self.start + .hours(1)) == .time)
        #expect(short.end(count: 6, severity: .warning, at: later) == .count)
    }

    private let each = #"{"name": "each", "severity": "warning", "on": ["custom.*"]}"#

    @Test func `what somebody looks after is told again only when it gets worse, with the reason`()
        async throws
    {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(each)
            try await desk.push([("a", 1)])
            let id = try #require(try await desk.alerts().first?["id"]?.asString)
            let acknowledged = try await desk.call(
                "POST", "alerts/\(id)/acknowledge", #"{"expires_in": "4h"}"#)
            #expect(acknowledged.json["acknowledged_until"]?.asString == (desk.now + .hours(4)).description)
            #expect(acknowledged.json["assigned_to"]?.asString == AlertDesk.owner.description)
            try await desk.push([("a", 1)])
            #expect(desk.told.map(\.type) == ["alert.firing", "alert.acknowledged", "alert.reopened"])
            let again = try #require(try await desk.alerts().first)
            #expect(again["acknowledged_by"]?.isNull == true && again["reopen_reason"] == "count")
            #expect(desk.told.last?.data["reason"] == "count" && again["count"] == 2)
            _ = try await desk.call("POST", "alerts/\(id)/acknowledge")
            try await desk.push([("a", 1)])
            #expect(desk.told.count == 4, "three is not twice two")
            let quiet = try #require(try await desk.alerts().first)
            #expect(quiet["told"] == true && quiet["untold"]?[0]?["by"] == "acknowledgement")
            let why = try await desk.call("GET", "alerts/\(id)/explain").json
            #expect(why["tellings"]?[0]?["verdict"] == "hidden")
        }
    }

    @Test func `what gets worse under a cooldown is opened again at once`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(
                #"{"name": "each", "severity": "warning", "on": ["custom.*"], "cooldown": "1d"}"#)
            try await desk.push([("a", 1)])
            let id = try #require(try await desk.alerts().first?["id"]?.asString)
            _ = try await desk.call("POST", "alerts/\(id)/acknowledge")
            desk.now = desk.now + .minutes(1)
            try await desk.push([("a", 1)])
            #expect(desk.told.map(\.type) == ["alert.firing", "alert.acknowledged", "alert.reopened"])
            #expect(desk.told.last?.data["reason"] == "count" && desk.told.last?.data["count"] == 2)
            try await desk.push([("a", 1)])
            #expect(desk.told.count == 3, "the cooldown goes on")
        }
    }

    @Test func `an acknowledgement that is over tells the alert again, once`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(each)
            try await desk.push([("a", 1)])
            let id = try #require(try await desk.alerts().first?["id"]?.asString)
            _ = try await desk.call("POST", "alerts/\(id)/acknowledge", #"{"expires_in": "30m"}"#)
            let other = try await desk.call("POST", "alerts/\(id)/acknowledge", #"{"expires_in": "1h"}"#)
            #expect(other.json["acknowledged_until"]?.asString == (desk.now + .hours(1)).description)
            desk.now = desk.now + .minutes(59)
            try await desk.dues()
            #expect(!desk.told.map(\.type).contains("alert.reopened"))
            desk.now = desk.now + .minutes(1)
            try await desk.dues()
            try await desk.dues()
            #expect(desk.told.filter { $0.type == "alert.reopened" }.count == 1)
            #expect(desk.told.last?.data["reason"] == "acknowledgement_ended")
        }
    }

    @Test func `a security alert is acknowledged for a day at most`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(
                #"{"name": "logins", "severity": "critical", "on": ["login.failed"]}"#)
            try await desk.emit(.loginFailed, [:])
            let id = try #require(try await desk.alerts().first?["id"]?.asString)
            let long = try await desk.call("POST", "alerts/\(id)/acknowledge", #"{"expires_in": "25h"}"#)
            #expect(long.status == 422 && long.json["errors"]?[0]?["pointer"] == "/expires_in")
            let done = try await desk.call("POST", "alerts/\(id)/acknowledge")
            #expect(done.json["acknowledged_until"]?.asString == (desk.now + .hours(24)).description)
        }
    }

    @Test func `alerts are given to people, and what is said of them is listed and told`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(each)
            try await desk.push([("a", 1)])
            let id = try #require(try await desk.alerts().first?["id"]?.asString)
            let stranger = PrincipalID(.user, UUID(high: 5, low: 5))
            let unknown = try await desk.call(
                "POST", "alerts/\(id)/assign", #"{"assignee_id": "\#(stranger)"}"#)
            #expect(unknown.status == 422 && unknown.json["errors"]?[0]?["pointer"] == "/assignee_id")
            for text in ["one", "two", "three"] {
                desk.now = desk.now + .seconds(1)
                let said = try await desk.call("POST", "alerts/\(id)/comments", #"{"text": "\#(text)"}"#)
                #expect(said.status == 201 && said.json["text"]?.asString == text)
            }
            for text in [" \\n ", "fine\\u202e"] {
                let said = try await desk.call("POST", "alerts/\(id)/comments", #"{"text": "\#(text)"}"#)
                #expect(said.status == 422 && said.pointers == ["/text"], "\(said.text)")
            }
            let first = try await desk.call("GET", "alerts/\(id)/comments?limit=2")
            #expect(first.json["data"]?.asArray?.compactMap { $0["text"] } == ["one", "two"])
            let cursor = first.json["next_cursor"]?.asString ?? ""
            let rest = try await desk.call("GET", "alerts/\(id)/comments?limit=2&cursor=\(cursor)")
            #expect(rest.json["data"]?.asArray?.compactMap { $0["text"] } == ["three"])
            #expect(desk.told.dropFirst().map(\.type) == Array(repeating: "alert.commented", count: 3))
            let blind = desk.context([.alertsRead, .alertsWrite])
            try await desk.emit(.loginFailed, [:])
            let word = #"{"text": "a"}"#
            #expect(try await desk.call("POST", "alerts/\(id)/comments", word, as: blind).status == 404)
            #expect(try await desk.call("GET", "alerts/\(id)/comments", as: blind).status == 404)
            #expect(try await desk.call("POST", "alerts/\(id)/comments", "{}").status == 422)
        }
    }

    // MARK: Courses

    @Test func `steps of a round keep their order for each group, in as few waves as there can be`() {
        let (one, other) = (
            StateKey(AlertRuleID(UUID(high: 1, low: 1)), UUID(high: 1, low: 1)),
            StateKey(AlertRuleID(UUID(high: 1, low: 1)), UUID(high: 2, low: 2))
        )
        func recovers(_ key: StateKey, _ number: Int) -> CourseStep {
            CourseStep(
                what: .recovers(AlertRecovery(key, at: Self.start, because: .isOver)), key: key,
                number: number)
        }
        let waves = CourseWave.waves(of: [recovers(one, 1), recovers(other, 2), recovers(one, 3)])
        #expect(waves.map(\.recoveries.count) == [3])
        #expect(CourseWave.waves(of: []).isEmpty)
    }

    @Test func `a group that is well for a moment within one batch is left with an alert that fires`()
        async throws
    {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(
                """
                {"name": "down", "severity": "critical", "on": ["custom.*"], "when": "event.v == 0",
                 "group_by": ["event.g"], "recover_when": "event.v == 1"}
                """)
            let engine = desk.courseEngine(on: worker)
            try await desk.push([("a", 0)])
            try await desk.catchUp(engine)
            #expect(try await desk.alerts().compactMap { $0["state"] } == ["firing"])
            try await desk.push([("a", 1), ("a", 0)])
            try await desk.catchUp(engine)
            #expect(try await desk.call("GET", "alerts?state=firing").json["data"]?.asArray?.count == 1)
            #expect(try await desk.call("GET", "alerts?state=resolved").json["data"]?.asArray?.count == 1)
            #expect(desk.told.map(\.type) == ["alert.firing", "alert.resolved", "alert.firing"])
            try await desk.push([("a", 1), ("a", 0), ("a", 1)])
            try await desk.catchUp(engine)
            #expect(try await desk.call("GET", "alerts?state=firing").json["data"] == [])
        }
    }
}
