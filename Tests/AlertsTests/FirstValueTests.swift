import Access
import Events
import JSON
import Kernel
import Testing
import TestSupport
import Webhooks

@testable import Alerts

private typealias Bench = RuleWorkbench
private typealias Sample = RuleWorkbench.Sample

/// Windows over first values: what was not seen for so long.
struct FirstValueTests {
    private static let first = #""window": {"first": "event.v", "within": "60s"}"#
    private static let learning = #""window": {"first": "event.v", "within": "60s", "learning": "30s"}"#

    private func samples(_ values: [(second: Int, value: Int)]) -> [Sample] {
        values.enumerated().map {
            Sample(number: $0.offset, second: $0.element.second, value: $0.element.value)
        }
    }

    @Test func `each value fires once, and again when it was away for long enough`() throws {
        let rule = try Bench.rule(Self.first)
        let seen = samples([(0, 1), (5, 1), (10, 2), (50, 1), (70, 2), (109, 1), (169, 1), (170, 1)])
        #expect(Bench.lines(rule, seen) == ["fires 0 #0", "fires 10 #2", "fires 70 #4", "fires 169 #6"])
    }

    @Test func `what a new group does at first is only learned, and it stays known`() throws {
        let rule = try Bench.rule(Self.learning)
        let seen = samples([(0, 1), (29, 2), (30, 3), (500, 1), (501, 4)])
        #expect(Bench.lines(rule, seen) == ["fires 30 #2", "fires 500 #3", "fires 501 #4"])
    }

    /// By seconds.
    private func lists(_ values: [(second: Int, values: [String])]) -> [Sample] {
        values.enumerated().map {
            Sample(number: $0.offset, second: $0.element.second, values: $0.element.values)
        }
    }

    @Test func `of a list each element is a value by itself, and one that is new is enough`() throws {
        let rule = try Bench.rule(#""window": {"first": "event.l", "within": "60s"}"#)
        let seen = lists([
            (0, ["a"]), (1, ["a", "b", "c"]), (2, []), (3, ["c", "a", "b"]), (4, ["b"]), (64, ["b", "c"]),
            (65, ["b", "b"]),
        ])
        #expect(Bench.lines(rule, seen) == ["fires 0 #0", "fires 1 #1", "fires 64 #5"])
        let machine = RuleMachine(rule)
        var state: GroupState?
        for sample in lists([(9, ["a", "b"]), (5, ["c"]), (2, [])]) {
            #expect(!machine.recall(sample.occurrence, &state))
        }
        var known = try #require(state)
        let next = lists([(10, ["a", "c", "b"]), (11, ["c", "d"])]).map {
            machine.take($0.occurrence, &known).count
        }
        #expect(next == [0, 1])
    }

    @Test func `different values are counted through lists, and a list is not endless`() throws {
        let rule = try Bench.rule(#""window": {"distinct": "event.l", "at_least": 3, "within": "60s"}"#)
        let seen = lists([(0, ["a", "b"]), (1, ["b", "a"]), (2, ["b", "c"]), (3, ["x", "y", "z"])])
        #expect(Bench.lines(rule, seen) == ["fires 2 #2", "fires 3 #3"])
        let long = lists([(0, (0...RuleWindow.valuesAtMost).map { "\($0)" })])
        let lines = Bench.lines(rule, long)
        #expect(lines == [#"fails("event.l has more than 1000 values") 0 #0"#])
    }

    @Test func `a group that only ever missed the condition is not known`() throws {
        let rule = try Bench.rule(Self.learning + #", "when": "event.v > 0""#)
        #expect(Bench.lines(rule, samples([(0, 0), (100, 1), (131, 2)])) == ["fires 131 #2"])
    }

    @Test(arguments: 0..<40) func `it is what a full look back says`(seed: Int) throws {
        let random = SeededGenerator(seed: UInt64(seed + 7_000))
        var clock = 0
        let seen = (0..<150).map { number in
            clock += random.number(0..<20)
            return Sample(number: number, second: clock, value: random.number(0..<6))
        }
        let expected = seen.filter { sample in
            !seen.contains {
                $0.number < sample.number && $0.value == sample.value && $0.second > sample.second - 60
            }
        }
        let rule = try Bench.rule(Self.first)
        #expect(Bench.lines(rule, seen) == expected.map { "fires \($0.second) #\($0.number)" })
    }

    @Test func `once per candle close: of each series, however often its grade moves`() async throws {
        try await withDesk { worker, desk in
            _ = try await desk.enabledRule(
                """
                {"name": "once a candle", "severity": "info", "on": ["grade.changed"],
                 "when": "event.grade > 70.0", "group_by": ["event.token_id", "event.interval"],
                 "window": {"first": "event.time", "within": "2d"}}
                """)
            let engine = desk.courseEngine(on: worker)
            for (token, day, grade) in [
                ("a", 5, 71), ("a", 5, 72), ("b", 5, 73), ("a", 6, 60), ("a", 6, 74), ("a", 6, 75),
                ("a", 5, 76),
            ] {
                try await desk.emit(
                    .gradeChanged,
                    [
                        "token_id": .string(token), "interval": "1d", "retroactive": false,
                        "time": .string("2026-01-0\(day)T00:00:00.000Z"), "grade": .number(JSONNumber(grade)),
                    ])
            }
            try await desk.catchUp(engine)
            let told = desk.told.map { message in
                let event = message.data["event"]
                return "\(event?["token_id"]?.asString ?? "") \(event?["grade"]?.asInt ?? 0)"
            }
            #expect(told.sorted() == ["a 71", "a 74", "b 73"])
        }
    }

    @Test func `of more values than are kept the oldest give way, which is said`() throws {
        let rule = try Bench.rule(#""window": {"first": "event.v", "within": "1h"}"#)
        let count = RuleWindow.valuesAtMost + 2
        let lines = Bench.lines(rule, samples((0..<count).map { ($0, $0) }), until: count)
        #expect(lines.count { $0.hasPrefix("forgets(1)") } == 2)
        #expect(lines.count { $0.hasPrefix("fires") } == count)
    }

    @Test func `what came before is known, whatever its order, and fires nothing`() throws {
        let rule = try Bench.rule(Self.learning)
        let machine = RuleMachine(rule)
        var state: GroupState?
        for sample in samples([(90, 2), (95, 1), (60, 2), (10, 3)]) {
            #expect(!machine.recall(sample.occurrence, &state))
        }
        var known = try #require(state)
        let next = samples([(100, 1), (101, 2), (102, 3)]).map { machine.take($0.occurrence, &known) }
        #expect(next.map(\.count) == [0, 0, 1])
        #expect(GroupState(bytes: known.bytes) == known)
    }

    @Test(arguments: [
        (#""window": {"first": "event.v", "count": 3, "within": "1m"}"#, "/window/count"),
        (#""window": {"first": "event.v"}"#, "/window/within"),
        (#""window": {"first": "event.v", "within": "1m"}, "for": "1m""#, "/for"),
        (#""window": {"first": "event.v", "within": "1m"}, "recover_when": "event.v == 1""#, "/recover_when"),
        (#""window": {"first": "event.v", "within": "1m"}, "when": "flips(event.v)""#, "/when"),
        (#""window": {"count": 3, "within": "1m", "learning": "1m"}"#, "/window/learning"),
    ]) func `what does not go together is refused by name`(fields: String, pointer: String) throws {
        let error = #expect(throws: FieldErrors.self) { try Bench.rule(fields) }
        #expect(error?.errors.map(\.pointer) == [pointer])
    }

    // MARK: In the engine

    private let rule = """
        {"name": "first", "severity": "warning", "on": ["custom.*"], "when": "event.v > 0",
         "group_by": ["event.g"], "window": {"first": "event.v", "within": "1h", "learning": "1m"}}
        """

    @Test func `what was before it was enabled does not fire, over restarts too`() async throws {
        try await withDesk { worker, desk in
            try await desk.push([("a", 1), ("b", 7)])
            desk.now = desk.now + .hours(3)
            try await desk.push([("a", 2), ("a", 3)])
            desk.now = desk.now + .minutes(10)
            _ = try await desk.enabledRule(rule)
            let engine = desk.courseEngine(on: worker)
            try await desk.push([("a", 2), ("a", 3), ("b", 7), ("c", 5)])
            try await desk.catchUp(engine)
            // Three hours ago b's value was seen, which is too long; b itself is known since then.
            #expect(desk.told.compactMap { $0.data["group"]?["event.g"] } == ["b"])
            desk.now = desk.now + .minutes(2)
            let other = desk.courseEngine(on: worker)
            try await desk.push([("a", 2), ("a", 1), ("b", 7), ("c", 6)])
            try await desk.catchUp(other)
            // Groups of one page are in the order of their keys.
            let groups = desk.told.compactMap { $0.data["group"]?["event.g"]?.asString }
            #expect(groups.first == "b" && Set(groups.dropFirst()) == ["a", "c"] && groups.count == 3)
            #expect(desk.told.last?.data["summary"]?.asString?.contains("the first in 1h: ") == true)
        }
    }

    @Test func `two nodes that share the work both know what was before, and each value fires once`()
        async throws
    {
        try await withDesk { worker, desk in
            let groups = (0..<16).map { "g\($0)" }
            try await desk.push(groups.map { ($0, 1) })
            desk.now = desk.now + .minutes(10)
            _ = try await desk.enabledRule(rule)
            let nodes = [1, 2].map { desk.courseEngine(on: worker, node: $0, nodes: { 2 }) }
            for value in [1, 2, 2] {
                desk.now = desk.now + .seconds(1)
                try await desk.push(groups.map { ($0, value) })
                for node in nodes { try await desk.catchUp(node) }
            }
            for node in nodes { try await desk.catchUp(node) }
            let told = desk.told.compactMap { $0.data["group"]?["event.g"]?.asString }
            #expect(told.sorted() == groups.sorted())
        }
    }

    @Test func `a backtest knows what was before it`() async throws {
        try await withDesk { worker, desk in
            let id = try await desk.enabledRule(rule)
            let start = desk.now
            try await desk.push([("a", 1), ("a", 2)])
            desk.now = start + .minutes(30)
            try await desk.push([("a", 1), ("a", 3), ("b", 1)])
            desk.now = start + .minutes(31)
            let lines = try await desk.backtest(id, from: start + .minutes(20))
            #expect(lines.count { $0["kind"] == "firing" } == 1)
            #expect(lines.last?["firings"] == 1)
        }
    }
}
