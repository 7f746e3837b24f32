import Access
import Events
import JSON
import Kernel
import Testing
import TestSupport

@testable import Alerts

struct RuleIndexTests {
    private func rule(_ number: Int, _ fields: String, on: String = "custom.*") throws -> AlertRule {
        AlertRule(
            id: AlertRuleID(UUID(high: 3, low: UInt64(number))), owner: AlertDesk.owner, status: .enabled,
            statusReason: nil, version: 1, revision: 1, createdAt: .testStart, updatedAt: .testStart,
            content: try RuleWorkbench.rule(fields, on: on), tests: [], lastFiredAt: nil)
    }

    private func numbers(_ rules: [AlertRule]) -> Set<Int> { Set(rules.map { Int($0.id.uuid.low) }) }

    @Test func `an event meets the rules that it may concern, and no others`() throws {
        let index = RuleIndex(
            configuration: 1,
            rules: try [
                rule(1, #""when": "event.key == 'a' && event.v > 1""#),
                rule(2, #""when": "'b' == event.key""#), rule(3, #""when": "event.key in ['a', 'c']""#),
                rule(4, #""when": "event.key == 'a' || event.v > 1""#),
                rule(5, #""when": "event.type == 'custom.x.z' && event.key == 'a'""#, on: "custom.x.*"),
                rule(6, #""when": "true""#),
            ])
        let type = try #require(EventType("custom.y"))
        func met(_ view: JSONObject) -> Set<Int> { numbers(index.candidates(for: type, view).map(\.rule)) }
        #expect(met(JSONObject(members: [("key", "a")])) == [1, 3, 4, 6])
        #expect(met(JSONObject(members: [("key", "b")])) == [2, 4, 6])
        #expect(met(JSONObject(members: [("key", 7)])) == [4, 6])
        // Where it is missing the conditions are errors, which must be told.
        #expect(met(JSONObject()) == [1, 2, 3, 4, 6])
        #expect(index.takes(type) && !index.takes(.keyRevoked))
    }

    @Test func `whatever fires or fails is among what the index finds`() throws {
        let random = SeededGenerator(seed: 77)
        let parts = [
            "event.a == 'x'", "event.b in ['x', 'y']", "event.c != 'x'", "event.n > 2", "'y' == event.a",
            "(event.a == 'x' || event.b == 'y')", "!(event.c == 'y')",
        ]
        let rules = try (0..<150).map { number in
            let chosen = (0...random.number(0..<3)).map { _ in parts[random.number(0..<parts.count)] }
            return try rule(number, #""when": "\#(chosen.joined(separator: " && "))""#)
        }
        let index = RuleIndex(configuration: 1, rules: rules)
        let type = try #require(EventType("custom.y"))
        for _ in 0..<300 {
            var view = JSONObject(members: [
                ("type", "custom.y"), ("n", .number(JSONNumber(random.number(0..<5)))),
            ])
            for name in ["a", "b", "c"] where random.number(0..<8) > 0 {
                _ = view.append(
                    name, [.string("x"), .string("y"), .string("z"), 1, .null][random.number(0..<5)])
            }
            let found = numbers(index.candidates(for: type, view).map(\.rule))
            let matter = rules.filter { $0.content.verdict(on: type, view) != .silent }
            #expect(numbers(matter).isSubset(of: found))
        }
    }

    @Test func `an index that reads what changed finds what a new one finds`() async throws {
        try await withDesk { _, desk in
            let random = SeededGenerator(seed: 42)
            var ids: [String] = []
            var indices: [RuleIndex.Kind: RuleIndex] = [:]
            for step in 0..<30 {
                try await desk.changeAnyRule(&ids, step, random)
                let number = try await Authority.configuration(in: desk.database)
                for kind in [RuleIndex.Kind.point, .stateful] {
                    let index = try await RuleIndex.load(
                        kind, configuration: number, after: indices[kind], from: desk.database)
                    let fresh = try await RuleIndex.load(
                        kind, configuration: number, after: nil, from: desk.database)
                    indices[kind] = index
                    #expect(index.ids == fresh.ids && index.begun == fresh.begun)
                    #expect(Set(index.typeNames) == Set(fresh.typeNames))
                    #expect(Set(index.ownPrefixes) == Set(fresh.ownPrefixes))
                    #expect(Set(index.starting.map(\.rule.id)) == Set(fresh.starting.map(\.rule.id)))
                    for (name, key) in [("custom.a", "x"), ("custom.b.c", "y"), ("custom.b", "z")] {
                        let type = try #require(EventType(name))
                        let view = JSONObject(members: [("type", .string(name)), ("key", .string(key))])
                        let found = index.candidates(for: type, view).map(\.rule)
                        let wanted = fresh.candidates(for: type, view).map(\.rule)
                        #expect(versions(found) == versions(wanted), "step \(step)")
                        #expect(found.count == wanted.count)
                    }
                }
            }
        }
    }

    private func versions(_ rules: [AlertRule]) -> [AlertRuleID: Int64] {
        Dictionary(rules.map { ($0.id, $0.revision) }, uniquingKeysWith: { $1 })
    }

    @Test func `what did not change is not read again`() async throws {
        try await withDesk { _, desk in
            for name in ["one", "two"] {
                _ = try await desk.enabledRule(
                    #"{"name": "\#(name)", "severity": "info", "on": ["custom.a"]}"#)
            }
            func entries(after earlier: RuleIndex?) async throws -> (RuleIndex, [IndexedRule]) {
                let number = try await Authority.configuration(in: desk.database)
                let index = try await RuleIndex.load(
                    .point, configuration: number, after: earlier, from: desk.database)
                let type = try #require(EventType("custom.a"))
                return (index, index.candidates(for: type, JSONObject()).sorted { $0.rule.id < $1.rule.id })
            }
            let (first, before) = try await entries(after: nil)
            _ = try await desk.call(
                "PATCH", "alert-rules/\(before[1].rule.id)", #"{"severity": "warning"}"#, match: "\"2\"")
            let (second, after) = try await entries(after: first)
            #expect(before[0] === after[0] && before[1] !== after[1])
            #expect(after[1].rule.content.severity == .warning)
            #expect(first.rule(before[1].rule.id)?.content.severity == .info, "whoever reads it goes on")
            #expect(second.configuration > first.configuration)
            #expect(first.changed(in: second) == [], "what it watches for is the same")
        }
    }

    @Test func `what a rule says of names chooses its events, what it says of states does not`() throws {
        func trial(_ fields: String, _ moments: [(Int, JSONValue)], until: Int) throws -> RuleVerdict {
            let moments = moments.map { second, event in
                RuleTestCase.Moment(offset: .seconds(Int64(second)), event: event.asObject ?? JSONObject())
            }
            return RuleTrial(
                try RuleWorkbench.rule(fields), moments, until: .seconds(Int64(until)), isExplained: false
            ).verdict
        }
        func grade(_ symbol: String, _ value: Int) -> JSONValue {
            ["type": "custom.grade", "symbol": .string(symbol), "v": .number(JSONNumber(value))]
        }
        let crossing = #""when": "event.symbol == 'BTC' && crosses_above(event.v, 70)""#
        #expect(
            try trial(
                crossing, [(0, grade("BTC", 80)), (1, grade("ETH", 60)), (2, grade("BTC", 75))], until: 9)
                == .silent)
        #expect(
            try trial(
                crossing, [(0, grade("BTC", 60)), (1, grade("ETH", 90)), (2, grade("BTC", 75))], until: 9)
                == .fires)
        let lasting = #""when": "event.type == 'custom.down'", "for": "1m""#
        #expect(try trial(lasting, [(0, ["type": "custom.down"])], until: 90) == .fires)
        #expect(
            try trial(lasting, [(0, ["type": "custom.down"]), (30, ["type": "custom.up"])], until: 90)
                == .silent)
    }
}

extension AlertDesk {
    /// Makes a rule, or changes, stops or deletes one.
    fileprivate func changeAnyRule(_ ids: inout [String], _ step: Int, _ random: SeededGenerator) async throws
    {
        let on = ["custom.a", "custom.b.*", "custom.*"][random.number(0..<3)]
        let fields = [
            #""when": "event.key == 'x'""#, #""when": "event.key in ['x', 'y']""#, #""when": null"#,
            #""window": {"count": 3, "within": "1h"}"#, #""window": {"absence": true, "within": "1h"}"#,
        ][random.number(0..<5)]
        let kind = ids.isEmpty ? 0 : random.number(0..<5)
        if kind < 2 {
            ids.append(
                try await enabledRule(
                    #"{"name": "\#(step)", "severity": "info", "on": ["\#(on)"], \#(fields)}"#))
            return
        }
        let id = ids[random.number(0..<ids.count)]
        let etag = try await call("GET", "alert-rules/\(id)").etag
        switch kind {
        case 2: _ = try await call("PATCH", "alert-rules/\(id)", #"{"on": ["\#(on)"]}"#, match: etag)
        case 3:
            let isOn = try await call("GET", "alert-rules/\(id)").json["status"] == "enabled"
            _ = try await call(
                "POST", "alert-rules/\(id)/\(isOn ? "disable" : "enable")", isOn ? #"{"reason": "r"}"# : "")
        default:
            _ = try await call("DELETE", "alert-rules/\(id)", match: etag)
            ids.removeAll { $0 == id }
        }
    }
}
