import Kernel
import Testing
import TestSupport
import Webhooks

@testable import Alerts

/// What becomes of what quiet hours hold.
struct QuietHoursTests {
    @Test func `what quiet hours held is told when they are changed or deleted`() async throws {
        try await withDesk { _, desk in
            _ = try await desk.enabledRule(
                #"{"name": "each", "severity": "warning", "on": ["custom.*"], "group_by": ["event.g"]}"#)
            let webhook = try await desk.webhook("mine")
            _ = try await desk.call("POST", "routes", #"{"name": "r", "webhook_ids": ["\#(webhook)"]}"#)
            let days = #"["mon", "tue", "wed", "thu", "fri", "sat", "sun"]"#
            let put = { (from: String, to: String) in
                """
                {"time_zone": "UTC", "webhook_ids": ["\(webhook)"],
                 "windows": [{"days": \(days), "from": "\(from)", "to": "\(to)"}]}
                """
            }
            desk.now = try #require(Timestamp("2026-01-07T23:00:00.000Z"))
            _ = try await desk.call("PUT", "me/quiet-hours", put("22:00", "07:00"))
            try await desk.push([("a", 1)])
            _ = try await desk.call("PUT", "me/quiet-hours", put("22:00", "06:00"))
            try await desk.dues()
            #expect(desk.told.isEmpty, "the new hours hold it too")
            _ = try await desk.call("PUT", "me/quiet-hours", put("02:00", "06:00"))
            try await desk.dues()
            #expect(desk.told.map(\.type) == ["alert.firing"])
            _ = try await desk.call("PUT", "me/quiet-hours", put("22:00", "07:00"))
            try await desk.push([("b", 1)])
            _ = try await desk.call("DELETE", "me/quiet-hours")
            try await desk.dues()
            #expect(desk.told.map(\.type) == ["alert.firing", "alert.firing"])
        }
    }
}
