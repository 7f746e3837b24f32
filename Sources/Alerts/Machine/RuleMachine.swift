package import Access
package import Events
package import Expressions

package import Kernel

/// What a rule does as events and time go by, for one of its groups: values in, values out. It knows no
/// clock; when time alone will change something, `due` says when, and `advance` does it as if it had been
/// done then. So it is the same whether events come as they happen, all at once, or after a restart.
package struct RuleMachine: Sendable {
    package let rule: RuleContent

    package init(_ rule: RuleContent) { self.rule = rule }

    /// An event as the rule sees it.
    package struct Occurrence: Sendable {
        package let id: EventID
        package let at: Timestamp
        package let type: EventType
        /// An object with the fields of `EventView`.
        package let event: Value

        package init(id: EventID, at: Timestamp, type: EventType, event: Value) {
            (self.id, self.at, self.type, self.event) = (id, at, type, event)
        }
    }

    package enum Step: Equatable, Sendable {
        case pends
        /// It is so no more, before it was so for long enough.
        case calms
        case fires
        case recovers
        case resolves
        /// The condition cannot be evaluated. Whatever the state was, it stays.
        case fails(String)
        /// More values, or events of a step, than can be remembered: so many of the oldest gave way.
        case forgets(Int)
    }

    package struct Transition: Equatable, Sendable {
        package let step: Step
        package let at: Timestamp
        /// What made it so; nil when time did, and no event ever counted.
        package let event: EventID?
        /// Of a firing.
        package var cause: RuleCause?
    }

    var course: RuleCourse { rule.course }
    /// How long it must be so before it fires, or be over before it is resolved.
    private var dwell: Period { course.hold?.period ?? Period(microseconds: 0) }
    /// Whether being so is a state that lasts, and not a moment.
    private var isLevel: Bool {
        if let window = course.window { return window.isBelow || course.hold != nil }
        return course.sequence == nil && rule.when?.remembers != true
            && (course.hold != nil || course.recoverWhen != nil)
    }
    /// Whether it goes by itself from firing to resolved. A point in time never does.
    private var endsByItself: Bool { course.window?.isBelow == true }

    // MARK: Events

    /// Nil, and nothing done, when the event does not concern the rule.
    package func take(_ occurrence: Occurrence, _ state: inout GroupState) -> [Transition] {
        var run = Run(self, state)
        run.advance(to: occurrence.at - Period(microseconds: 1))
        run.take(occurrence)
        state = run.state
        return run.transitions
    }

    // MARK: Time

    /// When time alone changes something; nil: never.
    package func due(_ state: GroupState) -> Timestamp? {
        let ending = endOfDwell(state)
        guard let window = course.window else {
            return ending ?? (state.phase == .normal ? lapse(of: state) : nil)
        }
        let change = isLevel ? window.nextChange(state) : state.phase == .normal ? lapse(of: state) : nil
        return [ending, change].compactMap(\.self).min()
    }

    /// Everything that time has done by then, moment by moment.
    package func advance(_ state: inout GroupState, to time: Timestamp) -> [Transition] {
        guard let due = due(state), due <= time else { return [] }
        var run = Run(self, state)
        run.advance(to: time)
        state = run.state
        return run.transitions
    }

    private func endOfDwell(_ state: GroupState) -> Timestamp? {
        state.phase == .pending || state.phase == .recovering ? state.since + dwell : nil
    }

    /// When the last of what is remembered counts no more.
    private func lapse(of state: GroupState) -> Timestamp? {
        let within = course.window?.within ?? course.sequence?.within
        guard let within, let newest = state.entries.last else { return nil }
        return newest.at + within.period
    }

    // MARK: Beginnings and ends

    /// What a rule begins with that waits for something to stay away, before anything happened at all.
    package func initial(at time: Timestamp) -> GroupState? {
        beginsByItself ? GroupState(at: time) : nil
    }

    /// Somebody resolved what fired: it is watched anew. What has to be crossed again, and that there was
    /// such a group, is still known.
    package func rearm(_ state: inout GroupState, at time: Timestamp) {
        guard state.isFiring else { return }
        var fresh = GroupState(at: max(time, state.clock))
        (fresh.shown, fresh.memory) = (state.shown, state.memory)
        state = fresh
    }

    package var beginsByItself: Bool { rule.groupBy.isEmpty && course.window?.isBelow == true }

    /// Whether forgetting it changes nothing.
    package func isIdle(_ state: GroupState) -> Bool {
        guard state.phase == .normal, state.entries.isEmpty, state.memory.marks.allSatisfy({ $0 == nil })
        else {
            return false
        }
        // That there ever was such a group is remembered.
        if course.window?.learning != nil { return state.shown == nil }
        return course.window?.isBelow != true || !rule.groupBy.isEmpty && state.shown == nil
    }
}

extension RuleMachine {
    /// One walk of a state through an event, or through time.
    private struct Run {
        let machine: RuleMachine
        var state: GroupState
        var transitions: [Transition] = []
        /// While it is taken; nil while time goes by.
        private var occurrence: Occurrence?
        /// What was crossed before it.
        private var before = CrossingMemory()

        init(_ machine: RuleMachine, _ state: GroupState) { (self.machine, self.state) = (machine, state) }

        mutating func advance(to time: Timestamp) {
            while let due = machine.due(state), due <= time {
                state.clock = max(state.clock, due)
                prune()
                if machine.isLevel, let window = machine.course.window { settle(window.isSo(state)) }
                if let end = machine.endOfDwell(state), end <= due { endDwell() }
            }
        }

        mutating func take(_ occurrence: Occurrence) {
            self.occurrence = occurrence
            before = state.memory
            let isLate = occurrence.at < state.clock
            state.clock = max(state.clock, occurrence.at)
            switch machine.holds(occurrence, &state.memory, isLate: isLate) {
            case .error(let why): note(.fails(why))
            case .holds: count(occurrence, isLate: isLate)
            case .fails: if !isLate { miss() }
            }
            if !isLate, machine.course.recoverWhen != nil { recover(occurrence) }
        }

        // MARK: What an event means

        private mutating func count(_ occurrence: Occurrence, isLate: Bool) {
            let isFiring = state.isFiring
            if let window = machine.course.window {
                guard machine.isLevel || !isFiring else { return }
                let counted = entries(of: occurrence, in: window)
                guard !counted.isEmpty else { return }
                state.shown = occurrence.id
                if window.isFirst { return meet(counted, window) }
                var isSo = false
                for entry in counted { isSo = window.add(entry, to: &state) }
                if machine.isLevel { settle(window.isSo(state)) } else if isSo { pulse() }
            } else if let sequence = machine.course.sequence {
                guard !isFiring else { return }
                addSteps(of: sequence, occurrence)
            } else if machine.isLevel {
                guard !isLate else { return }
                state.shown = occurrence.id
                settle(true)
            } else {
                state.shown = occurrence.id
                if !isFiring { pulse() }
            }
        }

        private mutating func miss() {
            if machine.course.window == nil, machine.isLevel { settle(false) }
        }

        private mutating func entries(
            of occurrence: Occurrence, in window: RuleWindow
        ) -> [GroupState.Entry] {
            switch window.entries(of: occurrence) {
            case .success(let entries): return entries
            case .failure(let failure):
                note(.fails(failure.message))
                return []
            }
        }

        private mutating func meet(_ entries: [GroupState.Entry], _ window: RuleWindow) {
            let (isNew, forgotten) = window.meet(entries, &state)
            if isNew { note(.fires, because: machine.cause(state, crossing: before)) }
            if forgotten > 0 { note(.forgets(forgotten)) }
        }

        private mutating func addSteps(of sequence: RuleSequence, _ occurrence: Occurrence) {
            switch sequence.steps(taking: occurrence) {
            case .failure(let failure): note(.fails(failure.message))
            case .success(let steps):
                guard !steps.isEmpty else { return }
                let (isComplete, forgotten) = sequence.add(steps, of: occurrence, to: &state)
                if forgotten > 0 { note(.forgets(forgotten)) }
                if isComplete {
                    state.shown = occurrence.id
                    pulse()
                }
            }
        }

        // MARK: Phases

        /// A moment at which it fires; what made it so is spent.
        private mutating func pulse() {
            let cause = machine.cause(state, crossing: before)
            state.entries = []
            guard machine.course.recoverWhen != nil else { return note(.fires, because: cause) }
            enter(.firing, .fires, because: cause)
        }

        /// Whether it is so now, of what can last.
        private mutating func settle(_ isSo: Bool) {
            switch (state.phase, isSo) {
            case (.normal, true):
                machine.dwell.microseconds > 0 ? enter(.pending, .pends) : enter(.firing, .fires)
            case (.pending, false): enter(.normal, .calms)
            case (.firing, false) where machine.endsByItself: beginRecovery()
            case (.firing, false) where machine.course.recoverWhen == nil: enter(.normal, nil)
            case (.recovering, true): enter(.firing, nil)
            default: break
            }
        }

        private mutating func recover(_ occurrence: Occurrence) {
            guard let condition = machine.course.recoverWhen, state.isFiring else { return }
            var memory = CrossingMemory()
            switch condition.evaluate(occurrence.event, remembering: &memory) {
            case .holds: if state.phase == .firing, !fired { beginRecovery() }
            case .fails: if state.phase == .recovering { enter(.firing, nil) }
            case .error(let why): note(.fails(why))
            }
        }

        /// What fires is not resolved by the same event.
        private var fired: Bool { transitions.contains { $0.step == .fires && $0.event == occurrence?.id } }

        private mutating func beginRecovery() {
            machine.dwell.microseconds > 0 ? enter(.recovering, .recovers) : resolve()
        }

        private mutating func endDwell() {
            state.phase == .pending ? enter(.firing, .fires) : resolve()
        }

        private mutating func resolve() {
            enter(.normal, .resolves)
            if !machine.isLevel { state.entries = [] }
        }

        private mutating func enter(
            _ phase: GroupState.Phase, _ step: Step?, because cause: RuleCause? = nil
        ) {
            let cause = cause ?? (step == .fires ? machine.cause(state, crossing: before) : nil)
            (state.phase, state.since) = (phase, state.clock)
            if let step { note(step, because: cause) }
        }

        private mutating func note(_ step: Step, because cause: RuleCause? = nil) {
            transitions.append(
                Transition(
                    step: step, at: state.clock, event: occurrence?.id ?? state.shown, cause: cause))
        }

        private mutating func prune() {
            if let window = machine.course.window { window.prune(&state) }
            if let sequence = machine.course.sequence { sequence.prune(&state) }
        }
    }

    private func holds(
        _ occurrence: Occurrence, _ memory: inout CrossingMemory, isLate: Bool
    ) -> Condition.Verdict {
        guard let when = rule.when else { return .holds }
        guard when.remembers, isLate else { return when.evaluate(occurrence.event, remembering: &memory) }
        // What came before it is not known any more: it crosses nothing, and is not remembered.
        var none = CrossingMemory()
        return when.evaluate(occurrence.event, remembering: &none)
    }
}
