import Access
import Events
import JSON
import Kernel
import Postgres
import Testing
import TestSupport
import Webhooks

@testable import Alerts

/// Who is told of what, when: routes, silences, quiet hours, floods and what comes and goes.
struct TellingTests {
    private let each = """
        {"name": "each", "severity": "warning", "on": ["custom.*"], "group_by": ["event.g"]}
        """

    @Test func `a silence hides and lists what it hides, and nothing once it ended`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(each)
            let body = """
                {"matchers": [{"name": "rule", "value": "each"}], "reason": "maintenance",
                 "ends_at": "\(desk.now + .hours(2))"}
                """
            try await desk.push([("old", 1)])
            let preview = try await desk.call(
                "POST", "silences/preview", #"{"matchers": [{"name": "rule", "value": "each"}]}"#)
            #expect(preview.json["now"]?["count"] == 1 && preview.json["last_7_days"]?["count"] == 1)
            let made = try await desk.call("POST", "silences", body)
            let id = try #require(made.json["id"]?.asString, "\(made.text)")
            try await desk.push([("a", 1)])
            #expect(desk.told.filter { $0.type == "alert.firing" }.count == 1)
            let hidden = try await desk.call("GET", "alerts?told=false").json["data"]?.asArray ?? []
            #expect(hidden.count == 1 && hidden.first?["untold"]?[0]?["id"]?.asString == id)
            let alert = hidden.first?["id"]?.asString ?? ""
            let why = try await desk.call("GET", "alerts/\(alert)/explain").json
            #expect(why["silences"]?[0]?["id"]?.asString == id)
            _ = try await desk.call("POST", "alerts/\(alert)/resolve")
            #expect(!desk.told.contains { $0.type == "alert.resolved" }, "nobody was told that it fires")
            let ended = try await desk.call("POST", "silences/\(id)/end")
            #expect(ended.json["ended_by"]?.asString == AlertDesk.owner.description)
            #expect(try await desk.call("GET", "silences/\(id)").json["hidden"] == 1)
            try await desk.push([("a", 1)])
            #expect(desk.told.filter { $0.type == "alert.firing" }.count == 2)
            #expect(try await desk.call("GET", "silences?state=running").json["data"] == [])
            _ = try await desk.call("POST", "silences", body)
            desk.now = desk.now + .hours(2)
            try await desk.dues()
            #expect(try await desk.call("GET", "silences?state=ended").json["data"]?.asArray?.count == 2)
        }
    }

    @Test func `what one of the things that time does fails on is nothing to the others`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(each)
            let webhook = try await desk.webhook("w")
            _ = try await desk.call(
                "POST", "routes",
                """
                {"name": "all", "webhook_ids": ["\(webhook)"],
                 "escalation": [{"after": "10m", "webhook_ids": ["\(webhook)"]}]}
                """)
            _ = try await desk.call(
                "POST", "silences",
                """
                {"matchers": [{"name": "rule", "value": "none"}], "reason": "r",
                 "ends_at": "\(desk.now + .minutes(5))"}
                """)
            try await desk.push([("a", 1)])
            for statement in refuseSilences { _ = try await desk.database.query(statement) }
            desk.now = desk.now + .minutes(10)
            await #expect(throws: PostgresError.self) { try await desk.dues() }
            #expect(desk.told.contains { $0.type == "alert.escalated" })
        }
    }

    @Test func `what a silence hides is counted when it is added up, and before`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(each)
            let made = try await desk.call(
                "POST", "silences",
                """
                {"matchers": [{"name": "rule", "value": "each"}], "reason": "r",
                 "ends_at": "\(desk.now + .hours(2))"}
                """)
            let id = try #require(made.json["id"]?.asString, "\(made.text)")
            func hidden() async throws -> [JSONValue?] {
                let list = try await desk.call("GET", "silences").json["data"]
                return [try await desk.call("GET", "silences/\(id)").json["hidden"], list?[0]?["hidden"]]
            }
            try await desk.push([("a", 1), ("a", 1), ("b", 1)])
            #expect(try await hidden() == [3, 3])
            try await desk.dues()
            #expect(try await hidden() == [3, 3])
            try await desk.push([("a", 1)])
            #expect(try await hidden() == [4, 4])
            // It does not hang on what is kept of tellings.
            _ = try await desk.database.query(forgetTellings)
            _ = try await desk.call("POST", "silences/\(id)/end")
            #expect(try await hidden() == [4, 4])
            #expect(try await desk.events("silence.ended").first?["hidden"] == 4)
        }
    }

    @Test func `nobody silences security alerts alone`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(
                #"{"name": "logins", "severity": "warning", "on": ["login.failed"]}"#)
            let body = """
                {"matchers": [{"name": "severity", "value": "warning"}], "reason": "no",
                 "ends_at": "\(desk.now + .hours(1))"}
                """
            #expect(try await desk.call("POST", "silences", body).status == 201)
            let refused = try await desk.call("POST", "security-silences", body)
            #expect(refused.status == 403 && refused.code == "approval_required")
            try await desk.emit(.loginFailed, [:])
            #expect(desk.told.contains { $0.type == "alert.firing" })
            var approved = desk.context()
            approved.approval = desk.ledger.newID()
            #expect(try await desk.call("POST", "security-silences", body, as: approved).status == 201)
            let before = desk.told.count
            try await desk.emit(.loginFailed, [:])
            #expect(desk.told.count == before)
        }
    }

    @Test func `a security rule that is switched off is told to everybody who reads rules`() async throws {
        try await withDesk { _, desk in
            let id = try await desk.enabledRule(
                #"{"name": "logins", "severity": "warning", "on": ["login.failed"]}"#)
            _ = try await desk.call("POST", "alert-rules/\(id)/disable", #"{"reason": "noise"}"#)
            let told = try await desk.events("rule.weakened")
            #expect(
                told.count == 1 && told.first?["change"] == "disabled" && told.first?["reason"] == "noise")
            #expect(EventType.pagingNames.contains("rule.weakened"))
        }
    }

    @Test func `routes choose, and tell others step by step until somebody acknowledges`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(each)
            let (first, second) = (try await desk.webhook("first"), try await desk.webhook("second"))
            let unknown = try await desk.call(
                "POST", "routes", #"{"name": "x", "webhook_ids": ["\#(WebhookID(UUID(high: 9, low: 9)))"]}"#)
            #expect(unknown.status == 422 && unknown.json["errors"]?[0]?["pointer"] == "/webhook_ids/0")
            let made = try await desk.call(
                "POST", "routes",
                """
                {"name": "all", "webhook_ids": ["\(first)"], "escalation": [
                    {"after": "10m", "webhook_ids": ["\(second)"]},
                    {"after": "20m", "webhook_ids": ["\(first)", "\(second)"]}]}
                """)
            #expect(made.status == 201, "\(made.text)")
            try await desk.push([("a", 1), ("b", 1)])
            #expect(desk.told.map(\.target) == [.webhooks([first]), .webhooks([first])])
            let alerts = try await desk.alerts()
            let a = alerts.first { $0["group"]?["event.g"] == "a" }?["id"]?.asString ?? ""
            let waiting = try await desk.call("GET", "alerts/\(a)/explain").json
            #expect(waiting["escalation"]?.asArray?.compactMap { $0["step"] } == [1, 2])
            #expect(waiting["route"]?[0]?["by"] == "route")
            desk.now = desk.now + .minutes(10)
            try await desk.dues()
            try await desk.dues()
            let escalated = desk.told.filter { $0.type == "alert.escalated" }
            #expect(escalated.count == 2 && escalated.allSatisfy { $0.target == .webhooks([second]) })
            _ = try await desk.call("POST", "alerts/\(a)/acknowledge")
            #expect(desk.told.last?.target == .webhooks([first, second].sorted()), "those who were told")
            desk.now = desk.now + .minutes(10)
            try await desk.dues()
            #expect(desk.told.filter { $0.type == "alert.escalated" }.count == 3)
            #expect(try await desk.events("alert.escalated").count == 3)
            let etag = made.etag
            #expect(try await desk.call("DELETE", "routes/\(made.json["id"]?.asString ?? "")").status == 428)
            let gone = try await desk.call(
                "DELETE", "routes/\(made.json["id"]?.asString ?? "")", match: etag)
            #expect(gone.status == 204)
            try await desk.push([("c", 1)])
            #expect(desk.told.last?.target == .subscribers)
        }
    }

    @Test func `quiet hours hold by the hours of their place, and tell what is left as one`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(each)
            let webhook = try await desk.webhook("mine")
            _ = try await desk.call("POST", "routes", #"{"name": "r", "webhook_ids": ["\#(webhook)"]}"#)
            let noZone = try await desk.call(
                "PUT", "me/quiet-hours",
                """
                {"time_zone": "Europe/Nowhere", "webhook_ids": ["\(webhook)"],
                 "windows": [{"days": ["mon"], "from": "22:00", "to": "07:00"}]}
                """)
            #expect(noZone.json["errors"]?[0]?["pointer"] == "/time_zone")
            let days = #"["mon", "tue", "wed", "thu", "fri", "sat", "sun"]"#
            let put = try await desk.call(
                "PUT", "me/quiet-hours",
                """
                {"time_zone": "America/New_York", "webhook_ids": ["\(webhook)"],
                 "windows": [{"days": \(days), "from": "22:00", "to": "07:00"}]}
                """)
            #expect(put.status == 200, "\(put.text)")
            // 23:00 in New York, in winter; its night ends at 12:00 UTC.
            desk.now = try #require(Timestamp("2026-01-07T04:00:00.000Z"))
            try await desk.push([("a", 1), ("b", 1), ("c", 1)])
            #expect(desk.told.isEmpty)
            let held = try #require(try await desk.alerts().first)
            #expect(
                held["told"] == false
                    && held["untold"]?.asArray?.contains { $0["by"] == "quiet_hours" } == true)
            _ = try await desk.call("POST", "alerts/\(held["id"]?.asString ?? "")/acknowledge")
            desk.now = try #require(Timestamp("2026-01-07T11:59:00.000Z"))
            try await desk.dues()
            #expect(desk.told.isEmpty)
            desk.now = try #require(Timestamp("2026-01-07T12:00:00.000Z"))
            try await desk.dues()
            try await desk.dues()
            #expect(desk.told.map(\.type) == ["alert.digest"])
            #expect(desk.told.first?.data["count"] == 2, "somebody looks after the third")
            #expect(desk.told.first?.alerts.count == 2 && desk.told.first?.target == .webhooks([webhook]))
            #expect(try await desk.call("GET", "alerts?told=true").json["data"]?.asArray?.count == 2)
            // 23:00 in New York, in summer, is an hour earlier.
            desk.now = try #require(Timestamp("2026-07-07T03:00:00.000Z"))
            try await desk.push([("d", 1)])
            desk.now = try #require(Timestamp("2026-07-07T11:00:00.000Z"))
            try await desk.dues()
            #expect(desk.told.map(\.type) == ["alert.digest", "alert.firing"])
        }
    }

    @Test func `a maintenance window comes every week, or once`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(each)
            let made = try await desk.call(
                "POST", "maintenance-windows",
                """
                {"name": "backups", "matchers": [{"name": "rule", "value": "each"}], "reason": "backups",
                 "time_zone": "Europe/Zurich", "weekly": [{"days": ["sun"], "from": "02:00", "to": "04:00"}]}
                """)
            #expect(made.status == 201, "\(made.text)")
            for (time, isTold) in [
                ("2026-01-11T00:59:00Z", true), ("2026-01-11T01:00:00Z", false),
                ("2026-01-11T02:59:00Z", false),
                ("2026-01-11T03:00:00Z", true), ("2026-07-12T00:30:00Z", false),
                ("2026-07-12T02:00:00Z", true),
            ] {
                desk.now = try #require(Timestamp(time))
                let before = desk.told.count
                try await desk.push([("a", 1)])
                #expect((desk.told.count > before) == isTold, "\(time)")
            }
            let mixed = try await desk.call(
                "POST", "maintenance-windows",
                """
                {"name": "m", "matchers": [{"name": "rule", "value": "each"}], "reason": "r",
                 "starts_at": "2026-07-12T02:00:00Z", "time_zone": "UTC",
                 "weekly": [{"days": ["sun"], "from": "02:00", "to": "22:00"}]}
                """)
            #expect(mixed.json["errors"]?.asArray?.count == 2, "\(mixed.text)")
        }
    }

    @Test func `what comes and goes is told once, and when it is quiet`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(
                """
                {"name": "down", "severity": "critical", "on": ["custom.*"], "when": "event.v == 0",
                 "group_by": ["event.g"], "recover_when": "event.v == 1"}
                """)
            let engine = desk.courseEngine(on: worker)
            try await desk.push(Array(repeating: [("a", 0), ("a", 1)], count: 6).flatMap(\.self))
            try await desk.catchUp(engine)
            let told = desk.told.map(\.type)
            #expect(told.filter { $0 == "alert.firing" }.count == 3)
            #expect(told.count == 3 * 2 + 1 && told.last == "alert.flapping", "\(told)")
            #expect(try await desk.alerts().contains { $0["flapping"] == true })
            desk.now = desk.now + .minutes(31)
            try await desk.dues()
            try await desk.dues()
            #expect(desk.told.last?.type == "alert.settled" && desk.told.last?.data["state"] == "resolved")
            #expect(desk.told.count == 3 * 2 + 2, "what is over is told once")
            #expect(
                desk.told.last?.alert == desk.told.first { $0.type == "alert.flapping" }?.alert,
                "the page that is open is closed")
        }
    }

    // MARK: Histories

    @Test(arguments: [1, 2, 3]) func `every step of a history is told once, or it is known why not`(
        seed: UInt64
    ) async throws {
        try await withDesk { _, desk in
            let random = SeededGenerator(seed: seed)
            _ = try await desk.enabledRule(each)
            let (first, second) = (try await desk.webhook("first"), try await desk.webhook("second"))
            _ = try await desk.call(
                "POST", "routes",
                """
                {"name": "r", "webhook_ids": ["\(first)"], "digest_above": 2,
                 "escalation": [{"after": "5m", "webhook_ids": ["\(second)"]}]}
                """)
            for _ in 0..<40 {
                switch random.number(0..<6) {
                case 0, 1: try await desk.push([("\(random.number(0..<4))", 1)])
                case 2: desk.now = desk.now + .minutes(Int64(random.number(1..<7)))
                case 3:
                    _ = try await desk.call(
                        "POST", "silences",
                        """
                        {"matchers": [{"name": "event.g", "value": "\(random.number(0..<4))"}], "reason": "r",
                         "ends_at": "\(desk.now + .minutes(5))"}
                        """)
                case 4: try await desk.act(random)
                default: try await desk.dues()
                }
            }
            // What is opened again escalates once more.
            for _ in 0..<2 {
                desk.now = desk.now + .hours(1)
                try await desk.dues()
            }
            try await desk.checkTold()
        }
    }
}

private let refuseSilences = [
    Statement(
        "test_refusal",
        """
        create function test_refuse() returns trigger language plpgsql
            as 'begin raise exception ''refused''; end'
        """),
    Statement(
        "test_refuse_silences",
        "create trigger test_refuse before update on silence for each row execute function test_refuse()"),
]
private let forgetTellings = Statement("test_forget_tellings", "delete from alert_telling")

extension AlertDesk {
    private static let ofType = Statement(
        "test_events_of", "select data from event where type = $1 order by id")
    private static let newsAndWhy = Statement(
        "test_news",
        """
        select e.id, e.type,
            (select count(*) from alert_telling t where t.event = e.id and t.verdict = 'hidden'),
            (select count(*) from alert_telling t where t.event = e.id and t.verdict = 'held')
        from event e where e.type in ('alert.firing', 'alert.reopened', 'alert.escalated') order by e.id
        """)
    private static let left = Statement("test_dues_left", "select count(*) from alert_due")

    func events(_ type: String) async throws -> [JSONValue] {
        try await database.query(Self.ofType, .text(type)).map { try JSONValue.parse($0.json(0)) }
    }

    /// Somebody does something about one of the alerts that fire.
    fileprivate func act(_ random: SeededGenerator) async throws {
        let alerts = try await call("GET", "alerts?state=firing").json["data"]?.asArray ?? []
        guard !alerts.isEmpty else { return }
        let id = alerts[random.number(0..<alerts.count)]["id"]?.asString ?? ""
        let what = ["acknowledge", "resolve", "acknowledge"][random.number(0..<3)]
        _ = try await call(
            "POST", "alerts/\(id)/\(what)", what == "resolve" ? "" : #"{"expires_in": "3m"}"#)
    }

    /// Each is told once, in a digest, or hidden with a reason; never twice, and nothing is left behind.
    fileprivate func checkTold() async throws {
        let byEvent = Dictionary(grouping: told.compactMap(\.event)) { $0 }
        #expect(byEvent.values.allSatisfy { $0.count == 1 })
        for row in try await database.query(Self.newsAndWhy) {
            let (id, times) = (row.id(0, as: EventKind.self), byEvent[row.id(0)]?.count ?? 0)
            let (hidden, held) = (row.int(2), row.int(3))
            // A firing that made an alert worse is told by its reopening.
            let isKnown = times == 1 || hidden > 0 || held > 0 || row.text(1) == "alert.firing"
            #expect(isKnown && !(times == 1 && hidden > 0), "\(id) \(row.text(1)) \(times) \(hidden) \(held)")
        }
        #expect(try await database.query(Self.left).first?.int(0) == 0)
    }
}
