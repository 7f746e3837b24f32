import Access
import Events
import JSON
import Kernel
import Testing
import TestSupport
import Webhooks

@testable import Alerts

/// What an alert is told apart by: its group's values, and what matchers see.
struct AlertTextTests {
    @Test func `numbers that are equal are one group, however they are written`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(
                #"{"name": "each", "severity": "info", "on": ["custom.*"], "group_by": ["event.m"]}"#)
            let type = try #require(EventType("custom.m"))
            for value in ["1", "1.0", "1e0", "0.0", "-0.0", "-0", "true", "[1]", "[1.0]", "1.5"] {
                try await desk.emit(type, ["m": try JSONValue.parse(value)])
            }
            let groups = try await desk.alerts().compactMap { $0["group"]?["event.m"]?.text }
            #expect(Set(groups) == ["1", "0", "true", "[1]", "1.5"] && groups.count == 5, "\(groups)")
        }
    }

    @Test(arguments: ["event.g", "event_type", "security", "rule_id", "rule", "severity", "team"])
    func `a webhook's matchers see what those of routes see`(name: String) async throws {
        try await withDesk(hasSubscriber: false) { _, desk in
            let picky: WebhookID = try await desk.webhook("picky")
            let rule = try await desk.enabledRule(
                """
                {"name": "each", "severity": "warning", "on": ["custom.*"], "group_by": ["event.g"],
                 "labels": {"team": "desk"}, "send_to": ["\(picky)"]}
                """)
            let texts = [
                "event.g": "a", "event_type": "custom.a", "security": "false", "rule_id": rule,
                "rule": "each", "severity": "warning", "team": "desk",
            ]
            for (value, isTold) in [("another", false), (texts[name] ?? "", true)] {
                desk.now = desk.now + .minutes(1)
                try await desk.narrow(picky, to: [LabelMatcher(name, .equal, value)])
                try await desk.push([("a", 1)])
                let alert = try #require(try await desk.alerts().first)
                #expect(alert["told"]?.asBool == isTold, "\(value)")
                _ = try await desk.call("POST", "alerts/\(alert["id"]?.asString ?? "")/resolve")
            }
        }
    }
}
