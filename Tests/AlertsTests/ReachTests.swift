import Access
import Events
import JSON
import Kernel
import Testing
import TestSupport
import Webhooks

@testable import Alerts

/// That somebody is told, and by which way.
struct ReachTests {
    private let each = """
        {"name": "each", "severity": "warning", "on": ["custom.*"], "group_by": ["event.g"]}
        """

    @Test func `a pager is told alone of each that still fires`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(each)
            let pager = try await desk.webhook("pager", isPager: true)
            let days = #"["mon", "tue", "wed", "thu", "fri", "sat", "sun"]"#
            _ = try await desk.call("POST", "routes", #"{"name": "r", "webhook_ids": ["\#(pager)"]}"#)
            _ = try await desk.call(
                "PUT", "me/quiet-hours",
                """
                {"time_zone": "UTC", "webhook_ids": ["\(pager)"],
                 "windows": [{"days": \(days), "from": "22:00", "to": "07:00"}]}
                """)
            desk.now = try #require(Timestamp("2026-01-07T23:00:00.000Z"))
            try await desk.push([("a", 1), ("b", 1), ("c", 1)])
            let first = try #require(try await desk.alerts().first?["id"]?.asString)
            _ = try await desk.call("POST", "alerts/\(first)/resolve")
            desk.now = try #require(Timestamp("2026-01-08T07:00:00.000Z"))
            try await desk.dues()
            #expect(desk.told.map(\.type) == ["alert.firing", "alert.firing"])
            #expect(desk.told.allSatisfy { $0.target == .webhooks([pager]) })
            #expect(!desk.told.contains { $0.alert?.description == first })
        }
    }

    @Test func `a webhook that is named stays, and one that is disabled has others told`() async throws {
        try await withDesk(hasSubscriber: false) { _, desk in
            let (named, other) = (try await desk.webhook("named"), try await desk.webhook("other"))
            let rule = try await desk.enabledRule(
                """
                {"name": "mine", "severity": "warning", "on": ["custom.*"], "group_by": ["event.g"],
                 "send_to": ["\(named)"]}
                """)
            _ = try await desk.call(
                "POST", "routes",
                """
                {"name": "r", "webhook_ids": ["\(other)"],
                 "escalation": [{"after": "10m", "webhook_ids": ["\(named)"]}]}
                """)
            let seen = try await desk.uses(of: named, desk.context())
            #expect(seen == #"It is named by rule "mine", step 1 of route "r": take it out of them first."#)
            let hidden = try await desk.uses(of: named, desk.context([.webhooksWrite]))
            #expect(hidden == "It is named by 2 that you may not read: take it out of them first.")
            try await desk.push([("a", 1)])
            #expect(desk.told.last?.target == .webhooks([named]))
            try await desk.disable(named)
            try await desk.push([("a", 1)])
            #expect(desk.told.last?.target == .webhooks([other]))
            let alert = try #require(try await desk.alerts().first?["id"]?.asString)
            let why = try await desk.call("GET", "alerts/\(alert)/explain").json
            #expect(why["tellings"]?[0]?["reasons"]?[0]?["by"] == "unreachable", "\(why.text)")
            _ = try await desk.call("POST", "alerts/\(alert)/resolve")
            #expect(desk.told.last?.type == "alert.resolved")
            #expect(desk.told.last?.target == .webhooks([named, other]), "who was told that it fires")
            _ = rule
        }
    }

    @Test func `an alert of an endpoint is not told to that endpoint`() async throws {
        try await withDesk(hasSubscriber: false) { _, desk in
            let (sick, well) = (try await desk.webhook("sick"), try await desk.webhook("well"))
            _ = try await desk.enabledRule(
                """
                {"name": "sick", "severity": "warning", "on": ["endpoint.degraded"], "send_to": ["\(sick)"]}
                """)
            try await desk.emit(
                .endpointDegraded, ["webhook_id": .string(sick.description), "name": "sick", "host": "h"])
            let told = try #require(desk.told.last { $0.type == "alert.firing" })
            #expect(told.except == sick && told.target == .webhooks([well]))
        }
    }

    @Test func `where nobody can be told it says so, and tells the next who can`() async throws {
        try await withDesk(hasSubscriber: false) { _, desk in
            let stranger = PrincipalID(.user, UUID(high: 5, low: 5))
            desk.rights.permissions[stranger] = [.alertsRead]
            _ = try await desk.enabledRule(each)
            try await desk.push([("a", 1)])
            #expect(desk.told.isEmpty)
            let lost = try #require(try await desk.alerts().first)
            #expect(lost["told"] == false && lost["untold"]?[0]?["by"] == "unreachable")
            let blind = try await desk.webhook("blind", of: stranger)
            let picky = try await desk.webhook(
                "picky", labels: #"[{"name": "team", "operator": "=", "value": "other"}]"#)
            let ends = try await desk.webhook("ends", takes: ["alert.resolved"])
            _ = try await desk.call(
                "POST", "routes", #"{"name": "r", "webhook_ids": ["\#(blind)", "\#(picky)", "\#(ends)"]}"#)
            try await desk.push([("b", 1)])
            #expect(desk.told.isEmpty)
            #expect(try await desk.call("GET", "alerts?told=false").json["data"]?.asArray?.count == 2)
            let well = try await desk.webhook("well")
            try await desk.push([("a", 1), ("c", 1)])
            #expect(desk.told.map(\.target) == [.webhooks([well]), .webhooks([well])])
            let told = try await desk.call("GET", "alerts?told=true").json["data"]?.asArray
            #expect(told?.count == 2 && told?.allSatisfy { $0["untold"] == [] } == true)
        }
    }
}
