import Access
import Events
import JSON
import Kernel
import Webhooks
import TestSupport
import Testing

@testable import Alerts

/// A node's clock that is set forward, and back again.
struct AlertClockTests {
    @Test func `a mark that was ahead of itself is given up`() {
        let start = Timestamp.testStart
        var mark = Watermark()
        mark.observe(at: start + .days(1), newest: 5, horizon: 5)
        #expect(mark.time == start + .days(1))
        mark.observe(at: start, newest: 6, horizon: 6)
        #expect(mark.time == start)
        // Clocks are set back a little all the time, which gives nothing up.
        mark.observe(at: start - .milliseconds(20), newest: 7, horizon: 7)
        #expect(mark.time == start)
        // A look that waits for its transactions was ahead, too.
        mark.observe(at: start + .days(1), newest: 9, horizon: 8)
        mark.observe(at: start + .seconds(5), newest: 10, horizon: 10)
        #expect(mark.time == start + .seconds(5))
    }

    @Test func `what a clock that steps forward calls over is not`() async throws {
        try await withDesk { worker, desk in
            let start = Clock.system.now()
            desk.now = start
            let webhook = try await desk.webhook("w")
            _ = try await desk.call(
                "POST", "routes",
                """
                {"name": "all", "webhook_ids": ["\(webhook)"],
                 "escalation": [{"after": "10m", "webhook_ids": ["\(webhook)"]}]}
                """)
            _ = try await desk.enabledRule(
                #"{"name": "each", "severity": "info", "on": ["custom.b"]}"#)
            _ = try await desk.enabledRule(
                """
                {"name": "beat", "severity": "critical", "on": ["custom.a"],
                 "window": {"absence": true, "within": "10m"}}
                """)
            try await desk.push([("a", 1)], type: "custom.b")
            let engine = desk.courseEngine(on: worker)
            desk.now = start + .hours(1)
            try await wait(until: "the engine has read on") {
                while try await engine.step() {}
                return engine.watermark.time >= start
            }
            try await desk.dues()
            #expect(desk.told.map(\.type) == ["alert.firing"])
            #expect(engine.watermark.time < start + .minutes(10))
        }
    }
}
