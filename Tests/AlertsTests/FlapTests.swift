import Access
import JSON
import Kernel
import Testing
import TestSupport
import Webhooks

@testable import Alerts

/// What comes and goes: who is told what, and what the last word is.
struct FlapTests {
    private let down = """
        {"name": "down", "severity": "critical", "on": ["custom.*"], "when": "event.v == 0",
         "group_by": ["event.g"], "recover_when": "event.v == 1"}
        """

    private func flap(_ times: Int) -> [(String, Int)] {
        Array(repeating: [("a", 0), ("a", 1)], count: times).flatMap(\.self)
    }

    @Test func `the last word of what fires is never that it is resolved`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(down)
            let engine = desk.courseEngine(on: worker)
            for event in flap(4) + [("a", 0)] {
                try await desk.push([event])
                try await desk.catchUp(engine)
            }
            #expect(desk.told.last?.type == "alert.flapping", "\(desk.told.map(\.type))")
            let page = desk.told.last?.alert
            let firing = try #require(try await desk.alerts().first { $0["state"] == "firing" })
            #expect(firing["told"] == false && firing["id"]?.asString != page?.description)
            let id = page?.description ?? ""
            let why = try await desk.call("GET", "alerts/\(id)/explain").json["tellings"]?.asArray ?? []
            #expect(why.contains { $0["verdict"] == "held" && $0["reasons"]?[0]?["by"] == "flapping" })
            desk.now = desk.now + .minutes(31)
            try await desk.dues()
            let last = desk.told.suffix(2)
            #expect(last.map(\.type) == ["alert.resolved", "alert.settled"])
            #expect(last.first?.alert == page && last.last?.data["state"] == "firing")
            try await desk.push([("a", 1)])
            try await desk.catchUp(engine)
            #expect(desk.told.last?.type == "alert.resolved" && desk.told.last?.alert == last.last?.alert)
        }
    }

    @Test func `firings of one moment are each listed with the alert that they opened`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(down)
            try await desk.push(flap(2))
            try await desk.catchUp(desk.courseEngine(on: worker))
            for alert in try await desk.alerts() {
                let id = alert["id"]?.asString ?? ""
                let firings = try await desk.call("GET", "alerts/\(id)/firings").json["data"]?.asArray
                #expect(firings?.count == 1 && firings?.first?["event_id"] == alert["event"]?["id"])
            }
        }
    }

    @Test func `what goes on coming and going is told again after half an hour`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(down)
            let engine = desk.courseEngine(on: worker)
            try await desk.push(flap(4))
            try await desk.catchUp(engine)
            for minutes in 1...3 {
                desk.now = desk.now + .minutes(10)
                try await desk.push(flap(1))
                try await desk.catchUp(engine)
                try await desk.dues()
                #expect(desk.told.last?.type == "alert.flapping" && desk.told.count == 7, "\(minutes)")
            }
            try await desk.push([("a", 0)])
            try await desk.catchUp(engine)
            try await desk.dues()
            try await desk.dues()
            #expect(desk.told.suffix(2).map(\.type) == ["alert.resolved", "alert.flapping"])
            #expect(desk.told.count == 9 && desk.told.last?.data["state"] == "firing")
            #expect(try await desk.alerts().first { $0["state"] == "firing" }?["told"] == true)
        }
    }

    @Test func `escalations go on with what fires, and wait while it does not`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(down)
            let (first, second) = (try await desk.webhook("first"), try await desk.webhook("second"))
            _ = try await desk.call(
                "POST", "routes",
                """
                {"name": "all", "webhook_ids": ["\(first)"],
                 "escalation": [{"after": "10m", "webhook_ids": ["\(second)"]}]}
                """)
            let engine = desk.courseEngine(on: worker)
            try await desk.push(flap(4))
            try await desk.catchUp(engine)
            desk.now = desk.now + .minutes(11)
            try await desk.dues()
            #expect(!desk.told.contains { $0.type == "alert.escalated" }, "nothing fires")
            try await desk.push([("a", 0)])
            try await desk.catchUp(engine)
            try await desk.dues()
            let firing = try #require(try await desk.alerts().first { $0["state"] == "firing" })
            #expect(desk.told.last?.type == "alert.escalated")
            #expect(desk.told.last?.alert?.description == firing["id"]?.asString)
            // Both were told, and both pages are closed.
            try await desk.push([("a", 1)])
            try await desk.catchUp(engine)
            desk.now = desk.now + .minutes(31)
            try await desk.dues()
            #expect(desk.told.suffix(2).map(\.type) == ["alert.resolved", "alert.settled"])
            #expect(Set(desk.told.suffix(2).map(\.alert)).count == 2)
        }
    }

    @Test func `who resolves it by hand ends it, and the next firing is told`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(down)
            let engine = desk.courseEngine(on: worker)
            try await desk.push(flap(4) + [("a", 0)])
            try await desk.catchUp(engine)
            let page = desk.told.last?.alert
            let firing = try #require(try await desk.alerts().first { $0["state"] == "firing" })
            _ = try await desk.call("POST", "alerts/\(firing["id"]?.asString ?? "")/resolve")
            #expect(desk.told.last?.type == "alert.resolved" && desk.told.last?.alert == page)
            try await desk.catchUp(engine)
            try await desk.push([("a", 0)])
            try await desk.catchUp(engine)
            #expect(desk.told.last?.type == "alert.flapping")
            #expect(try await desk.alerts().first { $0["state"] == "firing" }?["told"] == true)
        }
    }
}
