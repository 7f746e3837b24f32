import Access
import JSON
import Kernel
import Testing
import TestSupport
import Webhooks

@testable import Alerts

/// Whom a route tells later, step by step.
struct EscalationStepTests {
    private let each = """
        {"name": "each", "severity": "warning", "on": ["custom.*"], "group_by": ["event.g"]}
        """

    @Test func `an escalation of three steps takes each once, until somebody acknowledges`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(each)
            let first = try await desk.webhook("first")
            var next: [WebhookID] = []
            for name in ["second", "third", "fourth"] { next.append(try await desk.webhook(name)) }
            let steps = zip(["10m", "20m", "30m"], next).map { after, webhook in
                #"{"after": "\#(after)", "webhook_ids": ["\#(webhook)"]}"#
            }
            let made = try await desk.call(
                "POST", "routes",
                """
                {"name": "all", "webhook_ids": ["\(first)"],
                 "escalation": [\(steps.joined(separator: ","))]}
                """)
            #expect(made.status == 201, "\(made.text)")
            try await desk.push([("a", 1), ("b", 1)])
            let a = try await desk.alerts().first { $0["group"]?["event.g"] == "a" }?["id"]?.asString ?? ""
            var expected: [Message.Target] = []
            for webhook in next {
                if webhook == next.last { _ = try await desk.call("POST", "alerts/\(a)/acknowledge") }
                desk.now = desk.now + .minutes(10)
                for _ in 0..<2 { try await desk.dues() }
                let alerts = webhook == next.last ? 1 : 2
                expected += Array(repeating: .webhooks([webhook]), count: alerts)
                let escalated = desk.told.filter { $0.type == "alert.escalated" }
                #expect(escalated.map(\.target) == expected)
            }
            desk.now = desk.now + .minutes(10)
            try await desk.dues()
            #expect(desk.told.filter { $0.type == "alert.escalated" }.count == 5, "there is no fourth step")
        }
    }
}
