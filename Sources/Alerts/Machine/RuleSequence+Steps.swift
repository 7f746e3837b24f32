import Events
import Expressions
import Kernel

extension RuleSequence {
    /// Entries of a group, of all steps together: what they count to must fit, and what is left beside that
    /// they share, so that one that comes often drives out no other.
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

    /// Whether all steps are there now, in their order and in time, and how many entries gave way that might
    /// have mattered.
    func add(
        _ steps: [UInt8], of occurrence: RuleMachine.Occurrence, to state: inout GroupState
    ) -> (isComplete: Bool, forgotten: Int) {
        guard occurrence.at > state.clock - within.period else { return (false, 0) }
        let mark = occurrence.id.uuid.low
        for step in steps where !state.entries.contains(where: { $0.mark == mark && $0.step == step }) {
            state.insert(GroupState.Entry(at: occurrence.at, mark: mark, step: step))
        }
        prune(&state)
        if ends(of: state.entries).count == self.steps.count { return (true, 0) }
        return (false, makeRoom(&state))
    }

    func prune(_ state: inout GroupState) {
        let edge = state.clock - within.period
        state.entries.removeAll { $0.at <= edge }
    }

    /// Where each step ends, of those that are there. All entries are within the time of each other, so any
    /// order of them that fits will do: each step takes the earliest that are behind what the step before
    /// took. One event is one step only.
    func ends(of entries: [GroupState.Entry]) -> [Int] {
        var (ends, taken): ([Int], Int) = ([], 0)
        var last: UInt64?
        for (place, entry) in entries.enumerated() where Int(entry.step) == ends.count && entry.mark != last {
            taken += 1
            last = entry.mark
            guard taken == steps[ends.count].count else { continue }
            ends.append(place)
            taken = 0
            if ends.count == steps.count { return ends }
        }
        return ends
    }

    // MARK: Room

    /// What steps count to, together.
    static func total(of steps: [Step]) -> Int { steps.reduce(0) { $0 + $1.count } }

    /// Entries of one step that are kept: what it counts to, and its share of what is left.
    private func room(of step: Int) -> Int {
        let spare = max(0, Self.entriesAtMost - Self.total(of: steps))
        return steps[step].count + spare / steps.count
    }

    /// The oldest of a step give way. Answers how many might have mattered.
    private func makeRoom(_ state: inout GroupState) -> Int {
        var forgotten = 0
        for step in steps.indices {
            var count = state.entries.count { Int($0.step) == step }
            while count > room(of: step),
                let oldest = state.entries.firstIndex(where: { Int($0.step) == step })
            {
                if matters(oldest, of: step, among: state.entries) { forgotten += 1 }
                state.entries.remove(at: oldest)
                count -= 1
            }
        }
        return forgotten
    }

    /// Not before all steps before it are there, and not where others of its own step do as well.
    private func matters(_ place: Int, of step: Int, among entries: [GroupState.Entry]) -> Bool {
        if step > 0 {
            let ends = ends(of: entries)
            guard ends.count >= step, ends[step - 1] < place else { return false }
        }
        var others = 0
        for entry in entries[(place + 1)...] {
            if Int(entry.step) == step + 1 { return true }
            if Int(entry.step) == step { others += 1 }
            if others == steps[step].count { return false }
        }
        return true
    }
}
