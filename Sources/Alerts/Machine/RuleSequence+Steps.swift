import Events
import Expressions
import Kernel

extension RuleSequence {
    /// Entries of a group, of all steps: exact up to that many at once within the time; the oldest go first.
    static let entriesAtMost = 512

    /// Which steps the event could be.
    func steps(taking occurrence: RuleMachine.Occurrence) -> Result<[UInt8], CountFailure> {
        var taken: [UInt8] = []
        for (index, step) in steps.enumerated() {
            guard step.on.isEmpty || step.on.contains(where: { $0.matches(occurrence.type) }) else {
                continue
            }
            var memory = CrossingMemory()
            switch step.when?.evaluate(occurrence.event, remembering: &memory) {
            case nil, .holds: taken.append(UInt8(index))
            case .fails: continue
            case .error(let message): return .failure(CountFailure(message: message))
            }
        }
        return .success(taken)
    }

    /// Whether all steps are there now, in their order and in time.
    func add(_ steps: [UInt8], of occurrence: RuleMachine.Occurrence, to state: inout GroupState) -> Bool {
        guard occurrence.at > state.clock - within.period else { return false }
        let mark = occurrence.id.uuid.low
        for step in steps where !state.entries.contains(where: { $0.mark == mark && $0.step == step }) {
            state.insert(GroupState.Entry(at: occurrence.at, mark: mark, step: step))
        }
        prune(&state)
        return isComplete(state.entries)
    }

    func prune(_ state: inout GroupState) {
        let edge = state.clock - within.period
        state.entries.removeAll { $0.at <= edge }
        state.entries.removeFirst(max(0, state.entries.count - Self.entriesAtMost))
    }

    /// All entries are within the time of each other, so any order of them that fits will do: each step takes
    /// the earliest that are behind what the step before took. One event is one step only.
    private func isComplete(_ entries: [GroupState.Entry]) -> Bool {
        var (step, taken) = (0, 0)
        var last: UInt64?
        for entry in entries where Int(entry.step) == step && entry.mark != last {
            taken += 1
            last = entry.mark
            guard taken == steps[step].count else { continue }
            (step, taken) = (step + 1, 0)
            if step == steps.count { return true }
        }
        return false
    }
}
