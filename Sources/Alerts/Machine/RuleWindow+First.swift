import Access
import Events
import Expressions
import Kernel

/// A window over first values: it fires for a value that its group had not for so long.
extension RuleWindow {
    /// Values of one group that are remembered, and of a list that are looked at; of more, those that were
    /// seen last.
    static let valuesAtMost = 1_000

    /// Whether one of an event's values is new to its group, and how many others gave way to them.
    func meet(_ entries: [GroupState.Entry], _ state: inout GroupState) -> (isNew: Bool, forgotten: Int) {
        var isNew = false
        for entry in entries where entry.at > state.clock - within.period {
            prune(&state)
            if !state.entries.contains(where: { $0.mark == entry.mark }) { isNew = true }
            _ = add(entry, to: &state)
        }
        let forgotten = max(0, state.entries.count - Self.valuesAtMost)
        state.entries.removeFirst(forgotten)
        return (isNew && !isLearning(state), forgotten)
    }

    private func isLearning(_ state: GroupState) -> Bool {
        guard let learning else { return false }
        return state.clock < state.began + learning.period
    }

    /// For so long after a group's first event its values are only learned; the group stays known for ever.
    var learning: Lapse? {
        switch form {
        case .first(let learning): learning
        case .count, .absence, .bound, .rate: nil
        }
    }

    var isFirst: Bool {
        switch measure {
        case .first: true
        case .events, .distinct, .sum: false
        }
    }
}

extension RuleMachine {
    /// Whether it has to know what was before it began.
    var recalls: Bool { course.window?.isFirst == true }

    /// How far back what it has to know goes; nil: as far as anything is stored.
    var recalled: Period? {
        guard let window = course.window, window.learning == nil else { return nil }
        return window.within.period
    }

    /// Takes an event of before the rule began: it is known from then on, and nothing comes of it. Answers
    /// whether a value found no room.
    func recall(_ occurrence: Occurrence, _ state: inout GroupState?) -> Bool {
        guard let window = course.window, holds(occurrence),
            let entries = try? window.entries(of: occurrence).get(), !entries.isEmpty
        else { return false }
        var known = state ?? GroupState(at: occurrence.at)
        known.began = min(known.began, occurrence.at)
        known.clock = max(known.clock, occurrence.at)
        known.shown = known.shown ?? occurrence.id
        var isLost = false
        for entry in entries where Self.recall(entry, &known) { isLost = true }
        state = known
        return isLost
    }

    private static func recall(_ entry: GroupState.Entry, _ known: inout GroupState) -> Bool {
        guard let newer = known.entries.firstIndex(where: { $0.mark == entry.mark }) else {
            let isFull = known.entries.count >= RuleWindow.valuesAtMost
            if isFull {
                // Those that were seen last stay.
                guard let oldest = known.entries.first, oldest.at < entry.at else { return true }
                known.entries.removeFirst()
            }
            known.insert(entry)
            return isFull
        }
        // Events come in the order of their transactions, which is not quite that of their times.
        guard known.entries[newer].at < entry.at else { return false }
        known.entries.remove(at: newer)
        known.insert(entry)
        return false
    }

    private func holds(_ occurrence: Occurrence) -> Bool {
        var memory = CrossingMemory()
        let verdict = rule.when?.evaluate(occurrence.event, remembering: &memory)
        return verdict == nil || verdict == .holds
    }
}
