import Events
import JSON
import Kernel
import Testing
import TestSupport

@testable import Alerts

private typealias Bench = RuleWorkbench
private typealias Sample = RuleWorkbench.Sample

/// Machines beside plain definitions that look at everything that ever happened.
struct RuleMachinePropertyTests {
    private static let within = 60

    /// Times mostly rise; some events come late.
    private func stream(_ random: SeededGenerator, count: Int, late: Int) -> [Sample] {
        var clock = 0
        return (0..<count).map { number in
            clock += random.number(0..<25)
            let second = random.number(0..<4) == 0 ? max(0, clock - random.number(0..<late + 1)) : clock
            return Sample(
                number: number, second: second,
                kind: ["custom.a", "custom.b", "custom.c"][random.number(0..<3)],
                group: ["x", "y"][random.number(0..<2)], value: random.number(0..<6))
        }
    }

    /// Whatever came since the last firing, within the time up to the newest of it.
    private func firings(_ samples: [Sample], _ isReached: ([Sample]) -> Bool) -> [String] {
        var seen: [Sample] = []
        var newest = 0
        var fired: [String] = []
        for sample in samples {
            newest = max(newest, sample.second)
            guard sample.second > newest - Self.within else { continue }
            seen.append(sample)
            seen.removeAll { $0.second <= newest - Self.within }
            guard isReached(seen) else { continue }
            fired.append("fires \(newest) #\(sample.number)")
            // What was spent is forgotten altogether.
            (seen, newest) = ([], 0)
        }
        return fired
    }

    @Test(arguments: 0..<40) func `windows count what a full look back counts`(seed: Int) throws {
        let random = SeededGenerator(seed: UInt64(seed))
        let samples = stream(random, count: 120, late: 90)
        let number = random.number(1..<6)
        let count = try Bench.rule(#""window": {"count": \#(number), "within": "60s"}"#)
        #expect(Bench.lines(count, samples) == firings(samples) { $0.count >= number })
        let distinct = try Bench.rule(
            #""window": {"distinct": "event.v", "at_least": \#(number), "within": "60s"}"#)
        #expect(Bench.lines(distinct, samples) == firings(samples) { Set($0.map(\.value)).count >= number })
        let sum = try Bench.rule(
            #""window": {"sum": "event.v", "at_least": \#(number * 3), "within": "60s"}"#)
        #expect(
            Bench.lines(sum, samples) == firings(samples) { $0.map(\.value).reduce(0, +) >= number * 3 })
    }

    @Test(arguments: 0..<40) func `sequences find what trying everything finds`(seed: Int) throws {
        let random = SeededGenerator(seed: UInt64(seed + 1_000))
        let samples = stream(random, count: 60, late: 40)
        let counts = [random.number(1..<3), random.number(1..<3), 1]
        let rule = try Bench.rule(
            """
            "sequence": {"within": "60s", "steps": [
                {"on": ["custom.a"], "count": \(counts[0])}, {"when": "event.v > 1", "count": \(counts[1])},
                {"on": ["custom.c", "custom.b"], "when": "event.v < 5"}]}
            """)
        let fits: [(Sample) -> Bool] = [
            { $0.kind == "custom.a" }, { $0.value > 1 },
            { ($0.kind == "custom.c" || $0.kind == "custom.b") && $0.value < 5 },
        ]
        let wanted = zip(fits, counts).flatMap { Array(repeating: $0, count: $1) }
        #expect(Bench.lines(rule, samples) == firings(samples) { isSequence($0, wanted) })
    }

    private func isSequence(_ seen: [Sample], _ wanted: [(Sample) -> Bool]) -> Bool {
        let ordered = seen.enumerated().sorted {
            ($0.element.second, $0.offset) < ($1.element.second, $1.offset)
        }
        func find(_ place: Int, _ step: Int) -> Bool {
            if step == wanted.count { return true }
            return (place..<ordered.count).contains { next in
                wanted[step](ordered[next].element) && find(next + 1, step + 1)
            }
        }
        return find(0, 0)
    }

    @Test(arguments: 0..<30) func `what stays below its bound is known to the second`(seed: Int) throws {
        let random = SeededGenerator(seed: UInt64(seed + 2_000))
        let samples = stream(random, count: 60, late: 0)
        let (bound, hold) = (random.number(1..<5), random.number(0..<2) * 7)
        let holds = hold > 0 ? #", "for": "\#(hold)s""# : ""
        let rule = try Bench.rule(#""window": {"below": \#(bound), "within": "60s"}\#(holds)"#)
        let lines = Bench.lines(rule, samples, until: 2_000).map { $0.prefix { $0 != "#" } }
        #expect(lines.map { $0.trimming(" ") } == lasting(samples, bound, hold: hold, until: 2_000))
    }

    /// Looked at second by second; what happens within one is seen at its end.
    private func lasting(_ samples: [Sample], _ bound: Int, hold: Int, until end: Int) -> [String] {
        var lines: [String] = []
        var (phase, since) = ("normal", 0)
        func enter(_ next: String, _ word: String, _ second: Int) {
            (phase, since) = (next, second)
            if !word.isEmpty { lines.append("\(word) \(second)") }
        }
        for second in 0...end {
            let count = samples.count { $0.second <= second && $0.second > second - Self.within }
            let isSo = second >= Self.within && count < bound
            switch (phase, isSo) {
            case ("normal", true):
                enter(hold > 0 ? "pending" : "firing", hold > 0 ? "pends" : "fires", second)
            case ("pending", false): enter("normal", "calms", second)
            case ("pending", true) where second == since + hold: enter("firing", "fires", second)
            case ("firing", false):
                enter(hold > 0 ? "recovering" : "normal", hold > 0 ? "recovers" : "resolves", second)
            case ("recovering", true): enter("firing", "", second)
            case ("recovering", false) where second == since + hold: enter("normal", "resolves", second)
            default: break
            }
        }
        return lines
    }

    private static let rules = [
        #""window": {"count": 3, "within": "60s"}, "when": "event.v > 1""#,
        #""window": {"distinct": "event.v", "at_least": 3, "within": "60s"}, "for": "20s""#,
        #""window": {"sum": "event.v", "below": 4, "within": "60s"}"#,
        #""window": {"rate": 2, "per": "30s", "within": "1m"}, "recover_when": "event.v == 0""#,
        #""when": "event.v > 2", "for": "40s", "recover_when": "event.v < 1""#,
        #""when": "crosses_above(event.v, 3)", "recover_when": "event.v < 2""#,
        #""when": "flips(event.v > 2)", "cooldown": "1m""#,
        #""sequence": {"steps": [{"on": ["custom.a"]}, {"on": ["custom.b"], "count": 2}], "within": "90s"}"#,
        #""when": "event.v == 3", "cooldown": "30s""#,
        #""window": {"first": "event.v", "within": "60s"}, "when": "event.v > 0""#,
        #""window": {"first": "event.v", "within": "60s", "learning": "2m"}"#,
    ]

    @Test(arguments: rules) func `all at once, as it happens, after restarts and moves: the same`(
        fields: String
    ) throws {
        let rule = try Bench.rule(fields + #", "group_by": ["event.g"]"#)
        for seed in 0..<12 {
            let random = SeededGenerator(seed: UInt64(seed + 3_000))
            let samples = stream(random, count: 80, late: 0)
            #expect(batch(rule, samples) == broken(rule, samples, random), "\(fields), seed \(seed)")
        }
    }

    private func batch(_ rule: RuleContent, _ samples: [Sample]) -> [String: [String]] {
        var run = RuleRun(rule, from: Bench.start)
        let outcomes = samples.flatMap { run.take($0.occurrence, $0.view) } + run.advance(to: Bench.at(9_000))
        return Dictionary(grouping: outcomes) { JSONValue.object($0.group).text }.mapValues {
            $0.map { Bench.line($0.transition) }
        }
    }

    /// Group by group, each state written and read again at any moment, and time looked at when it likes.
    private func broken(
        _ rule: RuleContent, _ samples: [Sample], _ random: SeededGenerator
    ) -> [String: [String]] {
        let machine = RuleMachine(rule)
        guard !rule.isPoint else { return batch(rule, samples) }
        var states: [String: GroupState] = [:]
        var lines: [String: [String]] = [:]
        func step(_ group: String, _ body: (inout GroupState) -> [RuleMachine.Transition]) {
            guard var state = states[group] else { return }
            let told = body(&state)
            if !told.isEmpty { lines[group, default: []] += told.map(Bench.line) }
            states[group] = machine.isIdle(state) ? nil : GroupState(bytes: state.bytes)
        }
        for (index, sample) in samples.enumerated() {
            let group = JSONValue.object(rule.group(of: sample.view)).text
            if states[group] == nil { states[group] = GroupState(at: Bench.at(sample.second)) }
            step(group) { machine.take(sample.occurrence, &$0) }
            let next = index + 1 < samples.count ? samples[index + 1].second - 1 : sample.second
            guard next >= sample.second, random.number(0..<2) == 0 else { continue }
            let time = Bench.at(random.number(sample.second..<next + 1))
            for group in states.keys { step(group) { machine.advance(&$0, to: time) } }
        }
        for group in states.keys { step(group) { machine.advance(&$0, to: Bench.at(9_000)) } }
        return lines
    }
}

extension Substring {
    fileprivate func trimming(_ character: Character) -> String {
        var text = self
        while text.last == character { text.removeLast() }
        return String(text)
    }
}
