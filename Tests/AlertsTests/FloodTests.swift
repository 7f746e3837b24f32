import Events
import JSON
import Kernel
import Postgres
import Testing
import TestSupport
import Webhooks

@testable import Alerts

/// What routes and rules tell at the end of a minute rather than one by one.
struct FloodTests {
    private let each = """
        {"name": "each", "severity": "warning", "on": ["custom.*"], "group_by": ["event.g"]}
        """

    @Test func `a route tells so many new alerts of a minute one by one, and the others in one`() async throws
    {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(each)
            let webhook = try await desk.webhook("chat")
            _ = try await desk.call(
                "POST", "routes", #"{"name": "r", "webhook_ids": ["\#(webhook)"], "digest_above": 3}"#)
            try await desk.push((0..<5).map { ("\($0)", 1) })
            try await desk.push((5..<10).map { ("\($0)", 1) })
            #expect(desk.told.count == 3)
            desk.now = desk.now + .minutes(1)
            try await desk.dues()
            #expect(desk.told.count == 4 && desk.told.last?.type == "alert.digest")
            #expect(desk.told.last?.data["count"] == 7)
            // A replay of what is missing does not miss them.
            let events = desk.told.prefix(3).compactMap(\.event) + (desk.told.last?.events ?? [])
            #expect(Set(events).count == 10)
            try await desk.push([("x", 1)])
            #expect(desk.told.last?.type == "alert.firing")
        }
    }

    @Test func `a rule tells so many firings of a minute one by one, and the others in one`() async throws {
        try await withDesk(hasSubscriber: false) { _, desk in
            let webhook = try await desk.webhook("chat")
            _ = try await desk.enabledRule(
                """
                {"name": "named", "severity": "warning", "on": ["custom.a"], "group_by": ["event.g"],
                 "send_to": ["\(webhook)"], "digest_above": 3}
                """)
            _ = try await desk.enabledRule(
                """
                {"name": "subscribed", "severity": "info", "on": ["custom.b"], "digest_above": 2}
                """)
            try await desk.push((0..<2).map { ("\($0)", 1) })
            try await desk.push((2..<10).map { ("\($0)", 1) })
            #expect(desk.told.map(\.type) == Array(repeating: "alert.firing", count: 3))
            let held = try await desk.call("GET", "alerts?told=false").json["data"]?.asArray ?? []
            #expect(held.count == 7 && held.allSatisfy { $0["untold"]?[0]?["by"] == "flood" })
            // One alert, of which a part was told: it is told as itself.
            try await desk.push(Array(repeating: ("x", 1), count: 5), type: "custom.b")
            #expect(desk.told.dropFirst(3).map(\.target) == [.subscribers, .subscribers])
            desk.now = desk.now.nextMinute
            try await desk.dues()
            let later = desk.told.dropFirst(5)
            #expect(later.map(\.type).sorted() == ["alert.digest"], "\(later.map(\.type))")
            #expect(later.first?.data["count"] == 8 && later.first?.target == .webhooks([webhook]))
            // A replay of what is missing does not miss them.
            let events = desk.told.compactMap(\.event) + (later.first?.events ?? [])
            #expect(Set(events).count == 15)
            #expect(try await desk.call("GET", "alerts?told=false").json["data"] == [])
            try await desk.push([("y", 1)])
            try await desk.push(Array(repeating: ("x", 1), count: 3), type: "custom.b")
            #expect(desk.told.dropFirst(6).map(\.type) == Array(repeating: "alert.firing", count: 3))
            desk.now = desk.now.nextMinute
            try await desk.dues()
            #expect(desk.told.last?.type == "alert.firing" && desk.told.last?.data["count"] == 8)
            #expect(desk.told.last?.target == .subscribed([webhook]))
        }
    }

    @Test func `what was held waits for a webhook whose owner may not act, for a day`() async throws {
        try await withDesk { _, desk in
            let webhook = try await desk.webhook("chat")
            _ = try await desk.enabledRule(
                """
                {"name": "named", "severity": "warning", "on": ["custom.a"], "group_by": ["event.g"],
                 "send_to": ["\(webhook)"], "digest_above": 1}
                """)
            let may = desk.rights.permissions[AlertDesk.owner]
            for (minutes, isTold) in [(10, true), (25 * 60, false)] as [(Int64, Bool)] {
                try await desk.push([("\(minutes) first", 1), ("\(minutes) second", 1)])
                let before = desk.told.count
                desk.rights.permissions[AlertDesk.owner] = nil
                desk.now = desk.now.nextMinute
                try await desk.dues()
                var untold = try await desk.call("GET", "alerts?told=false").json["data"]
                #expect(desk.told.count == before && untold?.asArray?.count == 1)
                desk.now = desk.now + .minutes(minutes)
                if isTold { desk.rights.permissions[AlertDesk.owner] = may }
                try await desk.dues()
                untold = try await desk.call("GET", "alerts?told=false").json["data"]
                #expect(desk.told.count == before + (isTold ? 1 : 0))
                #expect(untold?.asArray?.count == (isTold ? 0 : 1))
                #expect(isTold || untold?[0]?["untold"]?[0]?["by"] == "webhook")
            }
        }
    }

    @Test func `a digest leaves out what its webhook filters by labels`() async throws {
        try await withDesk(hasSubscriber: false) { _, desk in
            let webhook = try await desk.webhook("desk")
            _ = try await desk.database.query(Self.filter, .id(webhook))
            for team in ["desk", "infra"] {
                _ = try await desk.enabledRule(
                    """
                    {"name": "\(team)", "severity": "info", "on": ["custom.*"], "group_by": ["event.g"],
                     "labels": {"team": "\(team)"}, "digest_above": 1}
                    """)
            }
            try await desk.push((0..<4).map { ("\($0)", 1) })
            desk.now = desk.now.nextMinute
            try await desk.dues()
            #expect(desk.told.last?.type == "alert.digest" && desk.told.last?.data["count"] == 3)
            #expect(desk.told.last?.data["rules"]?.asArray?.map { $0["name"] } == ["desk"])
        }
    }

    private static let filter = Statement(
        "test_filter",
        """
        update webhook set matchers = '[{"name": "team", "operator": "=", "value": "desk"}]' where id = $1
        """)

    @Test func `what is critical and about security never waits for a digest`() async throws {
        try await withDesk { _, desk in
            for severity in ["critical", "warning"] {
                _ = try await desk.enabledRule(
                    """
                    {"name": "\(severity)", "severity": "\(severity)", "on": ["login.failed"],
                     "digest_above": 1}
                    """)
            }
            for _ in 0..<3 { try await desk.emit(.loginFailed, [:]) }
            #expect(desk.told.filter { $0.data["severity"] == "critical" }.count == 3)
            #expect(desk.told.filter { $0.data["severity"] == "warning" }.count == 1)
        }
    }
}
