import Access
import Events
import Expressions
package import JSON
package import Kernel

/// A rule over a stream of events in memory: its test cases, its trials and its backtests. The engine
/// does the same with states that it stores.
package struct RuleRun {
    /// What came of an event, or of time, in one group.
    package struct Outcome: Equatable, Sendable {
        package let group: JSONObject
        package let transition: RuleMachine.Transition
        /// It fired, and a cooldown swallowed it.
        package let isSuppressed: Bool
    }

    private struct Held {
        var state: GroupState
        let group: JSONObject
        var quietUntil: Timestamp?
    }

    package let machine: RuleMachine
    private var held: [[UInt8]: Held] = [:]
    private var dues = DueHeap<[UInt8]>()

    /// - Parameters:
    ///   - time: when it begins to run.
    ///   - groups: what it knows of the time before.
    init(_ rule: RuleContent, from time: Timestamp, knowing groups: [RuleRecall.Group] = []) {
        machine = RuleMachine(rule)
        for group in groups {
            guard let state = group.state else { continue }
            let key = JSONValue.object(group.values).bytes
            held[key] = Held(state: state, group: group.values)
            push(key, state)
        }
        if let state = machine.initial(at: time) {
            let key = JSONValue.object(JSONObject()).bytes
            held[key] = Held(state: state, group: JSONObject())
            push(key, state)
        }
    }

    /// Groups that something is remembered of.
    package var groupCount: Int { held.count }

    /// What is remembered of the event's group; nil: nothing.
    package func state(ofGroup group: JSONObject) -> GroupState? {
        held[JSONValue.object(group).bytes]?.state
    }

    /// Takes an event, and before that all that time does until then.
    /// - Parameter view: of an event that may matter: see `RuleContent.mayMatter`.
    package mutating func take(_ occurrence: RuleMachine.Occurrence, _ view: JSONObject) -> [Outcome] {
        var outcomes = advance(to: occurrence.at - Period(microseconds: 1))
        let group = machine.rule.group(of: view)
        let key = JSONValue.object(group).bytes
        var held = held[key] ?? Held(state: GroupState(at: occurrence.at), group: group)
        let transitions = machine.rule.isPoint ? point(occurrence) : machine.take(occurrence, &held.state)
        outcomes += note(transitions, &held)
        keep(key, held)
        return outcomes
    }

    /// What time alone does until then, in its order.
    package mutating func advance(to time: Timestamp) -> [Outcome] {
        var outcomes: [Outcome] = []
        while let (due, key) = dues.first, due <= time {
            dues.removeFirst()
            guard var held = held[key], machine.due(held.state) == due else { continue }
            let transitions = machine.advance(&held.state, to: due)
            outcomes += note(transitions, &held)
            keep(key, held)
        }
        return outcomes
    }

    private func point(_ occurrence: RuleMachine.Occurrence) -> [RuleMachine.Transition] {
        func step(_ step: RuleMachine.Step) -> [RuleMachine.Transition] {
            [RuleMachine.Transition(step: step, at: occurrence.at, event: occurrence.id)]
        }
        var memory = CrossingMemory()
        switch machine.rule.when?.evaluate(occurrence.event, remembering: &memory) {
        case nil, .holds: return step(.fires)
        case .fails: return []
        case .error(let why): return step(.fails(why))
        }
    }

    private func note(_ transitions: [RuleMachine.Transition], _ held: inout Held) -> [Outcome] {
        transitions.map { transition in
            var isSuppressed = false
            if transition.step == .fires, let cooldown = machine.rule.cooldown {
                isSuppressed = held.quietUntil.map { $0 > transition.at } ?? false
                if !isSuppressed { held.quietUntil = transition.at + cooldown.period }
            }
            return Outcome(group: held.group, transition: transition, isSuppressed: isSuppressed)
        }
    }

    private mutating func keep(_ key: [UInt8], _ held: Held) {
        let isQuiet = held.quietUntil.map { $0 > held.state.clock } ?? false
        if machine.isIdle(held.state), !isQuiet {
            self.held[key] = nil
        } else {
            self.held[key] = held
            push(key, held.state)
        }
    }

    private mutating func push(_ key: [UInt8], _ state: GroupState) {
        if let due = machine.due(state) { dues.insert(due, key) }
    }
}

/// What is due next, the earliest first. What was put in before and is not so any more is for the reader
/// to skip.
struct DueHeap<Key> {
    private var items: [(due: Timestamp, key: Key)] = []

    var first: (due: Timestamp, key: Key)? { items.first }

    mutating func insert(_ due: Timestamp, _ key: Key) {
        items.append((due, key))
        var place = items.count - 1
        while place > 0, items[place].due < items[(place - 1) / 2].due {
            items.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func removeFirst() {
        items.swapAt(0, items.count - 1)
        items.removeLast()
        var place = 0
        while true {
            let children = [2 * place + 1, 2 * place + 2].filter { $0 < items.count }
            guard let least = children.min(by: { items[$0].due < items[$1].due }),
                items[least].due < items[place].due
            else { return }
            items.swapAt(place, least)
            place = least
        }
    }
}
