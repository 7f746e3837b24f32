import Events
import Expressions
import JSON
import Kernel
import Testing
import TestSupport

@testable import Alerts

private typealias Bench = RuleWorkbench
private typealias Sample = RuleWorkbench.Sample

struct RuleMachineTests {
    private func samples(_ times: [(Int, Int)]) -> [Sample] {
        times.enumerated().map { Sample(number: $0, second: $1.0, value: $1.1) }
    }

    @Test func `a condition must hold for its time, and one event that fails it begins anew`() throws {
        let rule = try Bench.rule(#""when": "event.v > 5", "for": "1m""#)
        let lines = Bench.lines(rule, samples([(0, 9), (30, 9), (50, 1), (60, 9), (100, 8)]))
        #expect(lines == ["pends 0 #0", "calms 50 #2", "pends 60 #3", "fires 120 #4"])
    }

    @Test func `what fires by a condition ends by another, and only by that one`() throws {
        let rule = try Bench.rule(#""when": "event.v > 70", "recover_when": "event.v < 60""#)
        let lines = Bench.lines(rule, samples([(0, 71), (1, 65), (2, 75), (3, 59), (4, 58), (5, 71)]))
        #expect(lines == ["fires 0 #0", "resolves 3 #3", "fires 5 #5"])
    }

    @Test func `recovery lasts as long as the hold, and is given up when it turns`() throws {
        let rule = try Bench.rule(
            #""when": "event.v > 70", "for": "10s", "recover_when": "event.v < 60""#)
        let lines = Bench.lines(
            rule, samples([(0, 71), (5, 72), (20, 50), (25, 65), (40, 50), (45, 51)]))
        #expect(
            lines == ["pends 0 #0", "fires 10 #1", "recovers 20 #2", "recovers 40 #4", "resolves 50 #1"])
    }

    @Test func `crossings compare with the group's event before`() throws {
        let above = try Bench.rule(#""when": "crosses_above(event.v, 70)""#)
        let values = samples([(0, 80), (1, 60), (2, 70), (3, 90), (4, 69), (5, 71)])
        #expect(Bench.lines(above, values) == ["fires 2 #2", "fires 5 #5"])
        let below = try Bench.rule(#""when": "crosses_below(event.v, 70)""#)
        #expect(Bench.lines(below, values) == ["fires 1 #1", "fires 4 #4"])
        let flips = try Bench.rule(#""when": "flips(event.v > 65)""#)
        #expect(Bench.lines(flips, values) == ["fires 1 #1", "fires 2 #2"])
        // What is remembered does not depend on what else the condition says.
        let both = try Bench.rule(#""when": "event.v > 70 && crosses_above(event.v, 70)""#)
        #expect(Bench.lines(both, values) == ["fires 5 #5"])
    }

    @Test func `what stays away fires when its time is over, and comes back by itself`() throws {
        let rule = try Bench.rule(#""window": {"absence": true, "within": "60s"}"#)
        #expect(Bench.lines(rule, [], until: 1_000) == ["fires 60"])
        let lines = Bench.lines(rule, samples([(30, 0), (80, 0), (200, 0)]), until: 1_000)
        #expect(lines == ["fires 140 #1", "resolves 200 #2", "fires 260 #2"])
    }

    @Test func `a group that was never heard of misses nothing`() throws {
        let rule = try Bench.rule(
            #""when": "event.v > 0", "group_by": ["event.g"], "window": {"below": 2, "within": "60s"}"#)
        #expect(Bench.lines(rule, samples([(0, 0)])).isEmpty)
        #expect(Bench.lines(rule, samples([(0, 1)])) == ["fires 60 #0"])
        #expect(Bench.lines(rule, samples([(0, 1), (50, 1), (59, 1)])) == ["fires 110 #2"])
    }

    @Test func `a window of a day costs what its events cost`() throws {
        let rule = try Bench.rule(#""window": {"sum": "event.v", "at_least": "100000", "within": "24h"}"#)
        let hour = 3_600
        let lines = Bench.lines(
            rule,
            samples([(0, 60_000), (25 * hour, 50_000), (48 * hour, 49_999), (48 * hour + 1, 1)]),
            until: 100 * hour)
        #expect(lines == ["fires \(48 * hour + 1) #3"])
    }

    @Test func `steps count in the order of their times, however late they come`() throws {
        let rule = try Bench.rule(
            """
            "sequence": {"within": "1m",
                "steps": [{"on": ["custom.fail"], "count": 2}, {"on": ["custom.ok"]}]}
            """)
        var stream = [
            Sample(number: 0, second: 10, kind: "custom.fail"),
            Sample(number: 1, second: 40, kind: "custom.ok"),
            Sample(number: 2, second: 45, kind: "custom.fail"),
            Sample(number: 3, second: 30, kind: "custom.fail"),
        ]
        #expect(Bench.lines(rule, stream) == ["fires 45 #3"])
        stream[3] = Sample(number: 3, second: 41, kind: "custom.fail")
        #expect(Bench.lines(rule, stream).isEmpty)
    }

    @Test func `a step that comes often drives out no other, and what might have counted is told`() throws {
        let rule = try Bench.rule(
            """
            "sequence": {"within": "1h", "steps": [
                {"on": ["custom.rare"]}, {"on": ["custom.often"], "count": 3}, {"on": ["custom.end"]}]}
            """)
        func stream(_ kinds: [String]) -> [Sample] {
            kinds.enumerated().map { Sample(number: $0, second: $0, kind: "custom.\($1)") }
        }
        let often = Array(repeating: "often", count: 600)
        #expect(Bench.lines(rule, stream(["rare"] + often + ["end"])) == ["fires 601 #601"])
        // Without the first step none of the second counts, and none is missed.
        #expect(Bench.lines(rule, stream(often + ["rare", "often", "often", "often", "end"])).count == 1)
        let many = Array(repeating: "rare", count: 200)
        #expect(
            Bench.lines(rule, stream(["rare", "often", "often"] + many + ["often", "end"]))
                == ["forgets(1) 172 #172"])
    }

    @Test func `an event that came before counts once`() throws {
        let rule = try Bench.rule(#""window": {"count": 2, "within": "1m"}"#)
        let one = Sample(number: 4, second: 5)
        #expect(Bench.lines(rule, [one, one, one]).isEmpty)
        #expect(Bench.lines(rule, [one, one, Sample(number: 5, second: 6)]) == ["fires 6 #5"])
    }

    @Test func `what cannot be evaluated changes nothing and is told`() throws {
        let rule = try Bench.rule(#""when": "event.none > 5", "for": "1m""#)
        let lines = Bench.lines(rule, samples([(0, 9)]))
        #expect(lines.count == 1 && lines[0].hasPrefix("fails(\"event.none: no such field"))
    }

    @Test func `a state is the same after its bytes`() throws {
        var state = GroupState(at: Bench.at(3))
        state.phase = .recovering
        state.shown = Sample(number: 9, second: 1).id
        state.memory.marks = [nil, 7, UInt64.max]
        state.entries = [
            .init(at: Bench.at(1), mark: 1), .init(at: Bench.at(2), mark: 2, step: 5),
            .init(at: Bench.at(3), mark: .max, amount: Decimal("-12.50")),
        ]
        #expect(GroupState(bytes: state.bytes) == state)
        for length in state.bytes.indices where length < 26 {
            #expect(GroupState(bytes: Array(state.bytes.prefix(length))) == nil)
        }
        var window = GroupState(at: Bench.at(0))
        window.entries = (0..<4).map { .init(at: Bench.at($0), mark: UInt64($0)) }
        // 45 bytes of what a dictionary needs beside it, and a million of them fit many times into a
        // gigabyte.
        #expect(window.bytes.count <= 100)
    }
}
