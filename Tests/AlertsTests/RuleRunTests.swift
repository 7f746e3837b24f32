import Access
import Events
import HTTPServer
import JSON
import Kernel
import TestSupport
import Testing

@testable import Alerts

/// What a backtest may take of memory, of a node, and of what its caller may see.
struct RuleRunTests {
    private typealias Bench = RuleWorkbench

    @Test func `what is remembered is bounded, what was quiet the longest gives way, and what fires last`()
        throws
    {
        let rule = try Bench.rule(
            """
            "group_by": ["event.g"], "recover_when": "event.v == 9", "window": {"count": 3, "within": "1h"}
            """)
        for room in [RuleRun.Room(groups: 8, entries: 1_000), RuleRun.Room(groups: 1_000, entries: 12)] {
            var run = RuleRun(rule, from: Bench.start, room: room)
            var fired: [String] = []
            func take(_ group: String, _ number: Int, value: Int = 0) {
                let sample = Bench.Sample(number: number, second: number, group: group, value: value)
                fired += run.take(sample.occurrence, sample.view).map { outcome in
                    "\(outcome.transition.step) \(outcome.group["event.g"]?.asString ?? "")"
                }
            }
            for number in 0..<3 { take("first", number) }
            for number in 3..<100 { take("\(number)", number) }
            #expect(run.groupsDropped > 0 && fired == ["fires first"])
            for number in 100..<102 { take("99", number) }
            for number in 102..<104 { take("4", number) }
            take("first", 104, value: 9)
            #expect(fired == ["fires first", "fires 99", "resolves first"])
        }
    }

    @Test func `two backtests of somebody's run at once, and each gives back its place`() async throws {
        try await withDesk { _, desk in
            let id = try await desk.enabledRule(
                #"{"name": "all", "severity": "info", "on": ["custom.*"]}"#)
            func begin() async throws -> TestAnswer {
                try await desk.call(
                    "POST", "alert-rules/\(id)/backtest", #"{"from": "2026-01-01T00:00:00Z"}"#)
            }
            do {
                let (one, other) = (try await begin(), try await begin())
                #expect(one.status == 200 && other.status == 200)
                let third = try await begin()
                #expect(third.status == 429 && third.code == "too_many_streams")
                withExtendedLifetime((one, other)) {}
            }
            for _ in 0..<3 { #expect(try await desk.backtest(id, from: .testStart - .minutes(1)).count == 1) }
        }
    }

    @Test func `whoever may not read rules any more gets no more of a backtest`() async throws {
        try await withDesk { _, desk in
            let id = try await desk.enabledRule(
                #"{"name": "all", "severity": "info", "on": ["custom.*"]}"#)
            try await desk.push([("a", 1)])
            var looks = 0
            desk.rights.left = { context in
                looks += 1
                desk.now = desk.now + .seconds(2)
                return looks == 1 ? EventLeave(context.rights) : nil
            }
            await #expect(throws: BodyError.disconnected) {
                _ = try await desk.backtest(id, from: .testStart - .minutes(1))
            }
            #expect(looks == 2)
        }
    }
}
