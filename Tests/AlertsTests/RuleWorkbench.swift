import Access
import Events
import Expressions
import JSON
import Kernel
import TestSupport

@testable import Alerts

/// Rules and events for tests of machines: own events whose time is a number of seconds.
enum RuleWorkbench {
    static let start = Timestamp.testStart

    /// A rule as a request would make it.
    static func rule(_ fields: String, on: String = "custom.*") throws -> RuleContent {
        let body = #"{"name": "r", "severity": "info", "on": ["\#(on)"], \#(fields)}"#
        return try RuleDraft(new: try Fields(Array(body.utf8)), at: start).content
    }

    static func at(_ second: Int) -> Timestamp { start + .seconds(Int64(second)) }

    static func second(_ time: Timestamp) -> Int { Int((time - start).microseconds / 1_000_000) }

    struct Sample {
        let number: Int
        let second: Int
        var kind = "custom.a"
        var group = "g"
        var value = 0
        var values: [String] = []

        var id: EventID { EventID(UUID(high: 7, low: UInt64(number + 1))) }

        var view: JSONObject {
            JSONObject(members: [
                ("id", .string(id.description)), ("type", .string(kind)), ("g", .string(group)),
                ("v", .number(JSONNumber(value))),
                ("l", .array(values.map { .string($0) })),
            ])
        }

        var occurrence: RuleMachine.Occurrence {
            RuleMachine.Occurrence(
                id: id, at: at(second), type: EventType(kind) ?? .ruleFailed,
                event: .object(JSONFields(view)))
        }
    }

    /// What a step came to, in few words: `fires 12 #3`.
    static func line(_ transition: RuleMachine.Transition) -> String {
        let number = transition.event.map { " #\($0.uuid.low - 1)" } ?? ""
        return "\(transition.step) \(second(transition.at))\(number)"
    }

    /// One group, all at once, and then time until `end`.
    static func lines(_ rule: RuleContent, _ samples: [Sample], until end: Int = 10_000) -> [String] {
        var run = RuleRun(rule, from: start)
        var outcomes = samples.flatMap { run.take($0.occurrence, $0.view) }
        outcomes += run.advance(to: at(end))
        return outcomes.map { line($0.transition) }
    }
}

extension SeededGenerator {
    func number(_ range: Range<Int>) -> Int { range.lowerBound + Int(next() % UInt64(range.count)) }
}
