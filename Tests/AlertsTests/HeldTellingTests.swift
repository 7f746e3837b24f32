import Access
import Events
import JSON
import Kernel
import Postgres
import Testing
import TestSupport
import Webhooks

@testable import Alerts

/// What is told later: when a silence or a window is over, and in the morning.
struct HeldTellingTests {
    private let each = """
        {"name": "each", "severity": "warning", "on": ["custom.*"], "group_by": ["event.g"]}
        """
    private let down = """
        {"name": "down", "severity": "critical", "on": ["custom.*"], "when": "event.v == 0",
         "group_by": ["event.g"], "recover_when": "event.v == 1"}
        """

    @Test func `what still fires when a silence is over is told then, and nothing else that it hid`()
        async throws
    {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(down)
            _ = try await desk.enabledRule(
                #"{"name": "moment", "severity": "info", "on": ["custom.*"], "group_by": ["event.g"]}"#)
            let engine = desk.courseEngine(on: worker)
            func silence(_ hours: Int) async throws -> String {
                let made = try await desk.call(
                    "POST", "silences",
                    """
                    {"matchers": [{"name": "event.g", "operator": "=~", "value": ".*"}], "reason": "upgrade",
                     "ends_at": "\(desk.now + .hours(Int64(hours)))"}
                    """)
                return try #require(made.json["id"]?.asString, "\(made.text)")
            }
            _ = try await silence(1)
            let longer = try await silence(8)
            try await desk.push([("a", 0), ("b", 0), ("c", 0), ("b", 1)])
            try await desk.catchUp(engine)
            #expect(desk.told.isEmpty)
            let hidden = try await desk.alerts().filter { $0["rule"]?["name"] == "down" }
            #expect(hidden.count == 3 && hidden.allSatisfy { $0["told"] == false })
            let looked = hidden.first { $0["group"]?["event.g"] == "c" }?["id"]?.asString ?? ""
            _ = try await desk.call("POST", "alerts/\(looked)/acknowledge")
            // The shorter one ends, and the longer one hides it on.
            desk.now = desk.now + .hours(1)
            try await desk.dues()
            #expect(desk.told.isEmpty)
            // It is ended by hand, long before its time.
            desk.now = desk.now + .minutes(1)
            _ = try await desk.call("POST", "silences/\(longer)/end")
            try await desk.dues()
            try await desk.dues()
            #expect(desk.told.map(\.type) == ["alert.firing"], "b is well, c is looked after")
            #expect(desk.told.first?.data["group"]?["event.g"] == "a")
            let told = try await desk.call("GET", "alerts?told=true").json["data"]?.asArray
            #expect(told?.count == 1 && told?.first?["untold"] == [])
            try await desk.push([("a", 1)])
            try await desk.catchUp(engine)
            #expect(desk.told.map(\.type) == ["alert.firing", "alert.firing", "alert.resolved"])
            #expect(desk.told.last?.target == .subscribers)
            #expect(try await desk.duesLeft() == 0)
        }
    }

    @Test func `a digest speaks of what still fires, and counts apart what came and went in the night`()
        async throws
    {
        try await withDesk(hasSubscriber: false) { worker, desk in
            _ = try await desk.enabledRule(down)
            let engine = desk.courseEngine(on: worker)
            let webhook = try await desk.webhook("mine")
            _ = try await desk.call("POST", "routes", #"{"name": "r", "webhook_ids": ["\#(webhook)"]}"#)
            func quiet(_ ids: String) async throws -> TestAnswer {
                try await desk.call(
                    "PUT", "me/quiet-hours",
                    """
                    {"time_zone": "UTC", "webhook_ids": [\(ids)],
                     "windows": [{"days": ["wed", "thu"], "from": "22:00", "to": "07:00"}]}
                    """)
            }
            let twice = try await quiet(#""\#(webhook)", "\#(webhook)""#)
            #expect(twice.pointers == ["/webhook_ids/1"], "\(twice.text)")
            #expect(try await quiet(#""\#(webhook)""#).status == 200)
            desk.now = try #require(Timestamp("2026-01-07T23:00:00.000Z"))
            try await desk.push([("a", 0), ("b", 0), ("b", 1), ("c", 0)])
            try await desk.catchUp(engine)
            desk.now = try #require(Timestamp("2026-01-08T07:00:00.000Z"))
            try await desk.dues()
            let digest = try #require(desk.told.last)
            #expect(digest.type == "alert.digest" && digest.data["severity"] == "critical")
            #expect(digest.data["count"] == 3 && digest.data["resolved"] == 1)
            #expect(digest.data["summary"] == "2 alerts: 2 × down; 1 more resolved meanwhile")
            let states = digest.data["alerts"]?.asArray?.map { $0["state"] }
            #expect(states == ["firing", "firing", "resolved"])
            // Nothing of it is left in the next morning.
            desk.now = try #require(Timestamp("2026-01-08T23:00:00.000Z"))
            try await desk.push([("d", 0), ("d", 1), ("e", 0), ("e", 1)])
            try await desk.catchUp(engine)
            desk.now = try #require(Timestamp("2026-01-09T07:00:00.000Z"))
            try await desk.dues()
            let calm = try #require(desk.told.last)
            #expect(calm.data["summary"] == "2 alerts: 2 × down, resolved meanwhile", "\(calm.data)")
            #expect(calm.data["severity"] == "info" && calm.data["resolved"] == 2)
        }
    }

    @Test func `who was told that it fires is told at once that it is over, though it fired again unheard`()
        async throws
    {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(
                """
                {"name": "many", "severity": "critical", "on": ["custom.*"], "when": "event.v == 0",
                 "window": {"count": 2, "within": "1h"}}
                """)
            let engine = desk.courseEngine(on: worker)
            try await desk.push([("a", 0), ("a", 0)])
            try await desk.catchUp(engine)
            #expect(desk.told.map(\.type) == ["alert.firing"])
            let window = try await desk.call(
                "POST", "maintenance-windows",
                """
                {"name": "m", "matchers": [{"name": "rule", "value": "many"}], "reason": "r",
                 "starts_at": "\(desk.now + .seconds(1))", "ends_at": "\(desk.now + .hours(2))"}
                """)
            desk.now = desk.now + .minutes(1)
            try await desk.push([("a", 0), ("a", 0)])
            try await desk.catchUp(engine)
            #expect(desk.told.count == 1, "\(window.text)")
            #expect(try await desk.duesLeft() == 1)
            let alert = try #require(try await desk.alerts().first?["id"]?.asString)
            _ = try await desk.call("POST", "alerts/\(alert)/resolve")
            let last = try #require(desk.told.last)
            #expect(last.type == "alert.resolved" && last.withheld.isEmpty)
            _ = try await desk.call(
                "DELETE", "maintenance-windows/\(window.json["id"]?.asString ?? "")")
            try await desk.dues()
            #expect(desk.told.count == 2)
            #expect(try await desk.duesLeft() == 0)
        }
    }

    // MARK: Nights

    /// Every night from 22:00 to 07:00, or without an end.
    private func quiet(_ desk: AlertDesk, _ webhook: WebhookID, _ windows: String) async throws {
        let days = #"["mon", "tue", "wed", "thu", "fri", "sat", "sun"]"#
        let put = try await desk.call(
            "PUT", "me/quiet-hours",
            """
            {"time_zone": "UTC", "webhook_ids": ["\(webhook)"],
             "windows": [\(windows.replacing("DAYS", with: days))]}
            """)
        #expect(put.status == 200, "\(put.text)")
    }

    private let night = #"{"days": DAYS, "from": "22:00", "to": "07:00"}"#

    @Test func `nothing waits longer than sixteen hours, whatever hours follow each other`() async throws {
        try await withDesk(hasSubscriber: false) { _, desk in
            _ = try await desk.enabledRule(each)
            let webhook = try await desk.webhook("mine")
            try await quiet(
                desk, webhook,
                #"{"days": DAYS, "from": "00:00", "to": "12:00"}, "#
                    + #"{"days": DAYS, "from": "12:00", "to": "00:00"}"#)
            desk.now = try #require(Timestamp("2026-01-07T06:00:00.000Z"))
            try await desk.push([("a", 1)])
            desk.now = desk.now + .hours(16) - .seconds(1)
            try await desk.dues()
            #expect(desk.told.isEmpty)
            desk.now = desk.now + .seconds(1)
            try await desk.dues()
            #expect(desk.told.map(\.type) == ["alert.firing"])
            #expect(try await desk.duesLeft() == 0)
        }
    }

    @Test func `what is said at night of alerts that were told waits for the morning too`() async throws {
        try await withDesk(hasSubscriber: false) { _, desk in
            _ = try await desk.enabledRule(each)
            _ = try await desk.enabledRule(
                #"{"name": "logins", "severity": "critical", "on": ["login.failed"]}"#)
            let (mine, other) = (try await desk.webhook("mine"), try await desk.webhook("other"))
            try await quiet(desk, mine, night)
            desk.now = try #require(Timestamp("2026-01-07T20:00:00.000Z"))
            try await desk.push([("a", 1)])
            try await desk.emit(.loginFailed, [:])
            #expect(desk.told.map(\.withheld) == [[], []])
            func id(_ rule: String) async throws -> String {
                try await desk.alerts().first { $0["rule"]?["name"]?.asString == rule }?["id"]?.asString ?? ""
            }
            desk.now = try #require(Timestamp("2026-01-07T23:00:00.000Z"))
            _ = try await desk.call("POST", "alerts/\(id("each"))/comments", #"{"text": "hm"}"#)
            _ = try await desk.call("POST", "alerts/\(id("each"))/resolve")
            _ = try await desk.call("POST", "alerts/\(id("logins"))/resolve")
            let said = desk.told.dropFirst(2)
            #expect(said.map(\.type) == ["alert.commented", "alert.resolved", "alert.resolved"])
            #expect(said.map(\.withheld) == [[mine], [mine], []], "critical security waits for nobody")
            _ = other
            desk.now = try #require(Timestamp("2026-01-08T07:00:00.000Z"))
            try await desk.dues()
            let last = try #require(desk.told.last)
            #expect(
                desk.told.count == 6 && last.type == "alert.resolved" && last.target == .subscribed([mine]))
            #expect(try await desk.duesLeft() == 0)
        }
    }
}

extension AlertDesk {
    private static let left = Statement("test_dues_all", "select count(*) from alert_due")

    /// What waits.
    fileprivate func duesLeft() async throws -> Int {
        try await database.query(Self.left).first?.int(0) ?? -1
    }
}
