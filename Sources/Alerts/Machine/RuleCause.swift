import Expressions
package import JSON
import Kernel

/// What made a rule fire beside its last event, as it was at that moment: what was counted, which steps
/// came when, since when it was so, and on which side of what it crosses the value was before.
package struct RuleCause: Equatable, Sendable {
    struct Window: Equatable, Sendable {
        /// A count, or a sum.
        let value: String
        /// Of the oldest event that counts.
        let since: Timestamp?
    }

    /// One of a sequence, with the moment that it was complete.
    struct Step: Equatable, Sendable {
        let count: Int
        let at: Timestamp
    }

    var window: Window?
    var steps: [Step] = []
    var heldSince: Timestamp?
    var crossings = CrossingMemory()
}

extension RuleCause {
    /// As it is stored.
    package var json: JSONValue {
        var object = shown
        if !crossings.marks.isEmpty {
            let marks = crossings.marks.map { mark -> JSONValue in mark.map { .string(String($0)) } ?? .null }
            _ = object.append("crossings", .array(marks))
        }
        return .object(object)
    }

    init(stored json: JSONValue) {
        window = json["window"].flatMap { window in
            window["value"]?.asString.map { Window(value: $0, since: Self.time(window["since"])) }
        }
        steps = (json["steps"]?.asArray ?? []).compactMap { step in
            guard let count = step["count"]?.asInt.map(Int.init), let at = Self.time(step["at"]) else {
                return nil
            }
            return Step(count: count, at: at)
        }
        heldSince = Self.time(json["held_since"])
        crossings = CrossingMemory(
            (json["crossings"]?.asArray ?? []).map { $0.asString.flatMap { UInt64($0) } })
    }

    private static func time(_ json: JSONValue?) -> Timestamp? { json?.asString.flatMap { Timestamp($0) } }

    /// For people: the crossings are told with the condition's parts.
    var shown: JSONObject {
        let counted = window.map { window -> JSONValue in
            ["value": .string(window.value), "since": .of(window.since?.description)]
        }
        let taken = steps.map { step -> JSONValue in
            ["count": .number(JSONNumber(step.count)), "at": .string(step.at.description)]
        }
        return JSONObject(members: [
            ("window", counted ?? .null), ("steps", .array(taken)),
            ("held_since", .of(heldSince?.description)),
        ])
    }
}

extension RuleMachine {
    /// - Parameter memory: before the event.
    func cause(_ state: GroupState, crossing memory: CrossingMemory) -> RuleCause {
        var cause = RuleCause()
        cause.window = course.window.map { $0.measured(state) }
        cause.steps = course.sequence.map { $0.reached(state) } ?? []
        cause.heldSince = state.phase == .pending ? state.since : nil
        if rule.when?.remembers == true { cause.crossings = memory }
        return cause
    }
}

extension RuleWindow {
    fileprivate func measured(_ state: GroupState) -> RuleCause.Window {
        let edge = state.clock - within.period
        let inside = state.entries.filter { $0.at > edge }
        guard case .sum = measure else {
            return RuleCause.Window(value: "\(inside.count)", since: inside.first?.at)
        }
        var total = Decimal.zero
        for entry in inside { total = total.adding(entry.amount ?? .zero) ?? total }
        return RuleCause.Window(value: total.description, since: inside.first?.at)
    }
}

extension RuleSequence {
    fileprivate func reached(_ state: GroupState) -> [RuleCause.Step] {
        zip(steps, ends(of: state.entries)).map { step, place in
            RuleCause.Step(count: step.count, at: state.entries[place].at)
        }
    }
}
