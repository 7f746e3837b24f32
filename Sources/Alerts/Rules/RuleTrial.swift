import Access
import Events
import Expressions
import JSON
import Kernel

/// A rule tried on some events that are written out: what it makes of each, and of the time between.
struct RuleTrial {
    /// What came of an event.
    struct Step {
        let offset: Period
        let verdict: RuleVerdict
        let isTaken: Bool
        let expressions: [Condition.ExpressionValue]
        let group: JSONObject
        let state: GroupState?
    }

    /// Something that happened, by an event or by time alone.
    struct Change {
        let offset: Period
        let transition: RuleMachine.Transition
        let group: JSONObject
    }

    private(set) var steps: [Step] = []
    private(set) var changes: [Change] = []
    private let rule: RuleContent
    private var run: RuleRun
    /// Any moment: what conditions read of times, they read of events.
    private static let start = Timestamp(seconds: 1_767_225_600)

    init(_ rule: RuleContent, _ moments: [RuleTestCase.Moment], until: Period?, isExplained: Bool) {
        self.rule = rule
        run = RuleRun(rule, from: Self.start)
        for (number, moment) in moments.enumerated() { take(moment, number, isExplained) }
        if let until { note(run.advance(to: Self.start + until)) }
    }

    /// What it came to in the end. An error anywhere is one.
    var verdict: RuleVerdict { Self.verdict(of: changes.map(\.transition)) }

    private static func verdict(of transitions: [RuleMachine.Transition]) -> RuleVerdict {
        for case .fails(let message) in transitions.map(\.step) { return .error(message) }
        return switch transitions.last(where: { $0.step == .fires || $0.step == .resolves })?.step {
        case .fires: .fires
        case .resolves: .resolves
        default: .silent
        }
    }

    private mutating func take(_ moment: RuleTestCase.Moment, _ number: Int, _ isExplained: Bool) {
        let at = Self.start + moment.offset
        note(run.advance(to: at - Period(microseconds: 1)))
        let type = moment.event["type"]?.asString.flatMap { EventType($0) }
        let isTaken = type.map(rule.takes) ?? false
        let view = moment.event
        let group = rule.group(of: view)
        let before = run.state(ofGroup: group)?.memory ?? CrossingMemory()
        var outcomes: [RuleRun.Outcome] = []
        if let type, isTaken, isRetroactiveFit(view), rule.chooses(view) {
            let id = EventID(UUID(high: 0, low: UInt64(number + 1)))
            let occurrence = RuleMachine.Occurrence(
                id: id, at: at, type: type, event: .object(JSONFields(view)))
            outcomes = run.take(occurrence, view)
        }
        note(outcomes)
        guard isExplained else { return }
        steps.append(
            Step(
                offset: moment.offset, verdict: Self.verdict(of: outcomes.map(\.transition)),
                isTaken: isTaken,
                expressions: isTaken ? rule.explained(view, after: before) : [], group: group,
                state: run.state(ofGroup: group)))
    }

    private func isRetroactiveFit(_ view: JSONObject) -> Bool {
        rule.isRetroactive || view["retroactive"] != true
    }

    private mutating func note(_ outcomes: [RuleRun.Outcome]) {
        changes += outcomes.map {
            Change(offset: $0.transition.at - Self.start, transition: $0.transition, group: $0.group)
        }
    }
}

extension RuleContent {
    /// Every part of every expression of the rule, each once.
    func explained(_ view: JSONObject, after memory: CrossingMemory) -> [Condition.ExpressionValue] {
        var seen: Set<String> = []
        let conditions = [course.recoverWhen] + (course.sequence?.steps.map(\.when) ?? [])
        let counted: [Condition.ExpressionValue] =
            switch course.window?.measure {
            case .distinct(let expression), .sum(let expression), .first(let expression):
                [expression.explained(view)]
            case .events, nil: []
            }
        let parts =
            (when?.evaluateExplained(view, after: memory) ?? []) + counted
            + conditions.compactMap(\.self).flatMap { $0.evaluateExplained(view) }
        return parts.filter { seen.insert($0.expression).inserted }
    }
}

extension EventExpression {
    fileprivate func explained(_ view: JSONObject) -> Condition.ExpressionValue {
        switch evaluate(.object(JSONFields(view))) {
        case .value(let value): .init(expression: source, value: value.json, error: nil)
        case .nothing: .init(expression: source, value: .null, error: nil)
        case .error(let message): .init(expression: source, value: .null, error: message)
        }
    }
}

// MARK: As answered

extension RuleTrial {
    func writeFields(to w: inout JSONWriter) {
        let last = steps.last
        w.field("verdict", verdict.name)
        w.field("type_matches", last?.isTaken ?? false)
        w.field("expressions", last?.expressions ?? [])
        w.field("group", last?.group ?? JSONObject())
        w.field("error", verdict.error)
        w.field("steps", steps)
        w.field("changes", changes)
    }
}

extension RuleTrial.Step: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("at", offset.description)
            w.field("verdict", verdict.name)
            w.field("type_matches", isTaken)
            w.field("expressions", expressions)
            w.field("group", group)
            w.field("state", state?.phase.name ?? GroupState.Phase.normal.name)
            w.field("counted", state?.entries.count ?? 0)
            w.field("error", verdict.error)
        }
    }
}

extension RuleTrial.Change: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("at", offset.description)
            w.field("change", transition.step.name)
            w.field("group", group)
        }
    }
}

extension RuleMachine.Step {
    var name: String {
        switch self {
        case .pends: "pending"
        case .calms: "calmed"
        case .fires: "fires"
        case .recovers: "recovering"
        case .resolves: "resolves"
        case .fails: "error"
        case .forgets: "forgets"
        }
    }
}
