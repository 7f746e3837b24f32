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

    /// What may be remembered; above it the groups that were quiet the longest give way.
    struct Room {
        let groups: Int
        /// Of all groups together.
        let entries: Int

        /// Some hundred megabytes.
        static let ofBacktest = Room(groups: 100_000, entries: 1_000_000)
        /// For what is small by itself.
        static let unbounded = Room(groups: .max, entries: .max)
    }

    package let machine: RuleMachine
    private let room: Room
    private var held: [[UInt8]: Held] = [:]
    private var entries = 0
    private var dues = DueHeap<[UInt8]>()
    /// Groups that gave way.
    private(set) var groupsDropped = 0

    /// - Parameters:
    ///   - time: when it begins to run.
    ///   - groups: what it knows of the time before.
    init(
        _ rule: RuleContent, from time: Timestamp, knowing groups: [RuleRecall.Group] = [],
        room: Room = .unbounded
    ) {
        (machine, self.room) = (RuleMachine(rule), room)
        for group in groups {
            guard let state = group.state else { continue }
            keep(JSONValue.object(group.values).bytes, Held(state: state, group: group.values))
        }
        if let state = machine.initial(at: time) {
            keep(JSONValue.object(JSONObject()).bytes, Held(state: state, group: JSONObject()))
        }
    }

    /// What is remembered of the event's group; nil: nothing.
    package func state(ofGroup group: JSONObject) -> GroupState? {
        held[JSONValue.object(group).bytes]?.state
    }

    /// Events that what comes may still show.
    var shown: Set<EventID> { Set(held.values.lazy.compactMap(\.state.shown)) }

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
            // What fires next is another alert.
            if transition.step == .resolves { held.quietUntil = nil }
            return Outcome(group: held.group, transition: transition, isSuppressed: isSuppressed)
        }
    }

    private mutating func keep(_ key: [UInt8], _ held: Held) {
        let isQuiet = held.quietUntil.map { $0 > held.state.clock } ?? false
        if machine.isIdle(held.state), !isQuiet { return drop(key) }
        let before = self.held.updateValue(held, forKey: key)
        entries += held.state.entries.count - (before?.state.entries.count ?? 0)
        push(key, held.state)
        if self.held.count > room.groups || entries > room.entries { makeRoom() }
    }

    private mutating func drop(_ key: [UInt8]) {
        if let gone = held.removeValue(forKey: key) { entries -= gone.state.entries.count }
    }

    /// A quarter goes at once. What fires goes last: it could not be resolved any more.
    private mutating func makeRoom() {
        let quiet = held.map { (isFiring: $1.state.isFiring ? 1 : 0, clock: $1.state.clock, key: $0) }.sorted
        {
            ($0.isFiring, $0.clock) == ($1.isFiring, $1.clock)
                ? $0.key.lexicographicallyPrecedes($1.key)
                : ($0.isFiring, $0.clock) < ($1.isFiring, $1.clock)
        }
        for group in quiet {
            if held.count <= room.groups / 4 * 3, entries <= room.entries / 4 * 3 { break }
            drop(group.key)
            groupsDropped += 1
        }
    }

    /// Most of what was due is due later by now: what is not so any more is thrown away in time.
    private mutating func push(_ key: [UInt8], _ state: GroupState) {
        guard let due = machine.due(state) else { return }
        dues.insert(due, key)
        guard dues.count > 1_024 + 4 * held.count else { return }
        dues = DueHeap()
        for (key, held) in held {
            if let due = machine.due(held.state) { dues.insert(due, key) }
        }
    }
}

/// What is due next, the earliest first. What was put in before and is not so any more is for the reader
/// to skip.
struct DueHeap<Key> {
    private var items: [(due: Timestamp, key: Key)] = []

    var first: (due: Timestamp, key: Key)? { items.first }
    var count: Int { items.count }

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
