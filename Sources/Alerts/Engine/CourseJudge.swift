import Access
import Events
import Expressions
import JSON
import Kernel
import Postgres

/// What a round came to, before anything of it is written.
struct CourseWork {
    var changes: [StateKey: GroupStates.Change] = [:]
    var steps: [CourseStep] = []
    var failures: [RuleFailure] = []
    var watches: [DataWatch] = []
    /// Values that rules over first values had no room for.
    var forgotten: [AlertRuleID: Int] = [:]

    /// A rule that knows from now on what was before it was enabled.
    var primed: RulePrimer.Primed?

    init() {}

    init(_ primed: RulePrimer.Primed) {
        (self.primed, changes) = (primed, primed.changes)
        if primed.forgotten > 0 { forgotten[primed.rule.id] = primed.forgotten }
    }

    /// Whether it makes events.
    var isTold: Bool { !(steps.isEmpty && failures.isEmpty && watches.isEmpty && forgotten.isEmpty) }

    var isEmpty: Bool { changes.isEmpty && primed == nil && !isTold }
}

/// Works out what a page of events, and the time that has gone by, do to the groups of rules.
final class CourseJudge {
    private static let readShown = Statement(
        "rule_shown_events",
        "select id, at, type, subject, actor, data from feed_event where id = any ($1::uuid[])")

    private let ledger: Ledger
    private let rights: OwnerRights
    private let things: TargetSource
    private let states: GroupStates
    private var failureMemory = FailureMemory()

    init(ledger: Ledger, rights: RightsReader, things: TargetSource, states: GroupStates) {
        (self.ledger, self.things, self.states) = (ledger, things, states)
        self.rights = OwnerRights(database: ledger.database, reader: rights)
    }

    /// An event that may matter to a rule, as its owner sees it.
    private struct Candidate {
        let rule: AlertRule
        let event: Event
        let place: EventPosition
        let view: JSONObject
        let key: StateKey
        let content: Value
    }

    /// What time alone made of a group.
    private struct Elapsed {
        let rule: AlertRule
        let transition: RuleMachine.Transition
        let key: StateKey
        /// Its place among all that the round came to.
        let number: Int
    }

    nonisolated(nonsending) func work(
        on page: HorizonReader.Page, _ dues: [GroupStates.Due], by time: Timestamp, _ index: RuleIndex,
        shards: [Int16: RuleShards.Held], epoch: Int64
    ) async throws -> CourseWork {
        let candidates = try await candidates(page, index, shards, epoch: epoch)
        let resolved = try await HandResolution.read(from: page, in: ledger.database).filter {
            $0.isFor(index.rule($0.key.rule), shards)
        }
        var round = Round(index)
        let begun = index.starting.lazy.filter { !$0.rule.content.isOver(at: time) }.flatMap(\.firstKeys)
            .filter { shards[$0.shard] != nil }
        let keys = Set(candidates.map(\.key)).union(begun).union(resolved.map(\.key))
        round.stored = try await states.states(of: keys, index)
        for due in dues {
            let content = index.rule(due.key.rule)?.contentNumber
            round.stored[due.key] = content == due.content ? due.state : nil
        }
        for key in begun { round.begin(key) }
        var waiting = resolved[...]
        for candidate in candidates {
            while let first = waiting.first, first.place < candidate.place {
                round.rearm(waiting.removeFirst())
            }
            round.take(candidate)
        }
        for last in waiting { round.rearm(last) }
        for due in dues { round.advance(due.key, to: time) }
        return try await finish(round, epoch: epoch)
    }

    // MARK: Events

    private nonisolated(nonsending) func candidates(
        _ page: HorizonReader.Page, _ index: RuleIndex, _ shards: [Int16: RuleShards.Held], epoch: Int64
    ) async throws -> [Candidate] {
        let met = page.events.compactMap {
            row -> (place: EventPosition, event: Event, flat: JSONObject, rules: [AlertRule])? in
            guard row.type.isOpenToRules else { return nil }
            let event = row.event
            let flat = EventView.flat(event)
            let rules = index.candidates(for: row.type, flat).map(\.rule).filter {
                $0.begun <= row.position
            }
            return rules.isEmpty ? nil : (row.position, event, flat, rules)
        }
        guard !met.isEmpty else { return [] }
        let rights = try await rights.rights(ofRules: met.flatMap(\.rules), at: epoch)
        let targets = try await things.targets(
            of: met.lazy.map { EventTopic(of: $0.event).thing }, for: rights.all,
            EventSight(of: .none).askedOfThings, in: ledger.database)
        return met.flatMap { item in
            let topic = EventTopic(of: item.event)
            return item.rules.flatMap { rule -> [Candidate] in
                guard let sight = rights.sight(of: rule),
                    sight.sees(item.event.type, topic, targets)
                else { return [] }
                let view = EventView.drawn(item.flat, of: item.event, seenBy: sight, targets)
                return rule.keys(of: item.event, view).filter { key in
                    shards[key.shard].map { $0.place < item.place } ?? false
                }.map { key in
                    Candidate(
                        rule: rule, event: item.event, place: item.place, view: view, key: key,
                        content: .object(JSONFields(view)))
                }
            }
        }
    }

    /// States as they change, and what comes of it.
    private struct Round {
        let index: RuleIndex
        var stored: [StateKey: [UInt8]] = [:]
        var states: [StateKey: GroupState] = [:]
        var work = CourseWork()
        var elapsed: [Elapsed] = []

        init(_ index: RuleIndex) { self.index = index }

        private func state(_ key: StateKey) -> GroupState? {
            states[key] ?? stored[key].flatMap { GroupState(bytes: $0) }
        }

        mutating func begin(_ key: StateKey) {
            guard let rule = index.rule(key.rule), state(key) == nil else { return }
            states[key] = rule.machine(of: key).initial(at: rule.updatedAt)
        }

        mutating func take(_ candidate: Candidate) {
            let rule = candidate.rule
            let isWatch = candidate.key == rule.watchKey
            // Most events are none of most rules': their states need not be looked at.
            if !isWatch, rule.content.ignoresMisses, let when = rule.content.when {
                var memory = CrossingMemory()
                if when.evaluate(candidate.content, remembering: &memory) == .fails { return }
            }
            var state = state(candidate.key) ?? GroupState(at: candidate.event.at)
            let occurrence = RuleMachine.Occurrence(
                id: candidate.event.id, at: candidate.event.at, type: candidate.event.type,
                event: candidate.content)
            let transitions = rule.machine(of: candidate.key).take(occurrence, &state)
            states[candidate.key] = state
            for transition in transitions {
                if case .fails(let reason) = transition.step {
                    fail(rule, candidate.event, reason)
                } else if !isWatch, transition.event == candidate.event.id, transition.step == .fires {
                    add(
                        .fires(
                            Firing(
                                rule: rule, event: candidate.event, view: candidate.view, at: transition.at,
                                because: transition.cause)),
                        candidate.key)
                } else {
                    note(transition, rule, candidate.key)
                }
            }
        }

        /// Unless it fired again before anybody could know of it.
        mutating func rearm(_ resolved: HandResolution) {
            let key = resolved.key
            guard let rule = index.rule(key.rule), var state = state(key), !hasFired(key) else { return }
            rule.machine(of: key).rearm(&state, at: resolved.at)
            states[key] = state
        }

        private func hasFired(_ key: StateKey) -> Bool {
            elapsed.contains { $0.key == key }
                || work.steps.contains { step in
                    if case .fires = step.what { step.key == key } else { false }
                }
        }

        mutating func advance(_ key: StateKey, to time: Timestamp) {
            guard let rule = index.rule(key.rule), var state = state(key) else { return drop(key) }
            let end = rule.content.course.expiresAt.map { min($0 - Period(microseconds: 1), time) } ?? time
            for transition in rule.machine(of: key).advance(&state, to: end) { note(transition, rule, key) }
            states[key] = state
            guard rule.content.isOver(at: time) else { return }
            if state.isFiring, key != rule.watchKey {
                add(.recovers(AlertRecovery(key, at: end, because: .expired)), key)
            }
            drop(key)
        }

        private var steps = 0

        private mutating func number() -> Int {
            steps += 1
            return steps
        }

        private mutating func add(_ what: CourseStep.What, _ key: StateKey) {
            work.steps.append(CourseStep(what: what, key: key, number: number()))
        }

        /// Of a rule that says something else by now, or nothing any more.
        private mutating func drop(_ key: StateKey) {
            states[key] = nil
            work.changes[key] = GroupStates.Change(content: 0, stored: nil)
        }

        private mutating func note(_ transition: RuleMachine.Transition, _ rule: AlertRule, _ key: StateKey) {
            if key == rule.watchKey {
                let isSilent = transition.step == .fires
                if isSilent || transition.step == .resolves {
                    work.watches.append(DataWatch(rule: rule, isSilent: isSilent, at: transition.at))
                }
                return
            }
            switch transition.step {
            case .fires:
                elapsed.append(Elapsed(rule: rule, transition: transition, key: key, number: number()))
            case .resolves:
                add(.recovers(AlertRecovery(key, at: transition.at, because: .isOver)), key)
            case .forgets(let count): work.forgotten[rule.id, default: 0] += count
            case .pends, .calms, .recovers, .fails: break
            }
        }

        private mutating func fail(_ rule: AlertRule, _ event: Event, _ reason: String) {
            guard !work.failures.contains(where: { $0.rule.id == rule.id }) else { return }
            work.failures.append(RuleFailure(rule: rule, event: event, reason: reason))
        }

        /// What has other bytes than before.
        mutating func close() {
            for (key, state) in states {
                guard let rule = index.rule(key.rule) else { continue }
                let machine = rule.machine(of: key)
                let isGone = machine.isIdle(state)
                let bytes = isGone ? nil : state.bytes
                guard bytes != stored[key] else { continue }
                work.changes[key] = GroupStates.Change(
                    content: rule.contentNumber,
                    stored: bytes.map { GroupStates.Stored(state: $0, due: machine.due(state)) })
            }
        }
    }

    // MARK: Time

    private nonisolated(nonsending) func finish(_ round: Round, epoch: Int64) async throws -> CourseWork {
        var round = round
        round.close()
        let now = ledger.clock.now()
        round.work.failures = round.work.failures.filter { failureMemory.isNews($0, at: now) }
        guard !round.elapsed.isEmpty else { return round.work }
        let ids = Set(round.elapsed.compactMap(\.transition.event))
        var shown: [EventID: Event] = [:]
        if !ids.isEmpty {
            for row in try await ledger.database.query(Self.readShown, .idArray(Array(ids))) {
                if let event = Event(tested: row) { shown[event.id] = event }
            }
        }
        let rights = try await rights.rights(ofRules: round.elapsed.map(\.rule), at: epoch)
        let targets = try await things.targets(
            of: shown.values.lazy.map { EventTopic(of: $0).thing }, for: rights.all,
            EventSight(of: .none).askedOfThings, in: ledger.database)
        for item in round.elapsed {
            guard let sight = rights.sight(of: item.rule) else { continue }
            let event = item.transition.event.flatMap { shown[$0] } ?? nothing(item)
            guard sight.sees(event.type, EventTopic(of: event), targets) else { continue }
            let view = EventView.flat(event, seenBy: sight, targets)
            let firing = Firing(
                rule: item.rule, event: event, view: view, at: item.transition.at,
                because: item.transition.cause)
            round.work.steps.append(CourseStep(what: .fires(firing), key: item.key, number: item.number))
        }
        round.work.steps.sort { $0.number < $1.number }
        return round.work
    }

    /// What stands for the event that did not come.
    private func nothing(_ item: Elapsed) -> Event {
        let type = item.rule.content.on.lazy.compactMap { $0.types.first ?? EventType($0.text) }.first
        return Event(
            id: ledger.newID(), at: item.transition.at, type: type ?? .ruleFailed, subject: nil,
            actor: .installation, data: JSONObject())
    }
}

extension HandResolution {
    /// Whether it is of what such a rule watches now, in a shard that has not read on to it yet.
    fileprivate func isFor(_ rule: AlertRule?, _ shards: [Int16: RuleShards.Held]) -> Bool {
        guard let rule, rule.begun <= place, let shard = shards[key.shard] else { return false }
        return shard.place < place
    }
}

extension RuleContent {
    /// Whether an event that it takes by its type has anything to do with it.
    func concerns(_ event: Event, _ view: JSONObject) -> Bool {
        guard takes(event.type), !isOver(at: event.at) else { return false }
        return (isRetroactive || view["retroactive"] != true) && chooses(view)
    }
}

extension AlertRule {
    /// Of one of its groups, or of what listens whether anything comes.
    func machine(of key: StateKey) -> RuleMachine {
        key == watchKey ? watch ?? RuleMachine(content) : RuleMachine(content)
    }

    /// What an event matters to.
    fileprivate func keys(of event: Event, _ view: JSONObject) -> [StateKey] {
        var keys: [StateKey] = []
        if !content.isPoint, content.concerns(event, view) {
            keys.append(StateKey(id, groupKey: Firing.key(of: content.group(of: view))))
        }
        if content.course.noDataAfter != nil, !content.isOver(at: event.at), content.names(view) {
            keys.append(watchKey)
        }
        return keys
    }

    /// What begins with the rule, before anything came.
    var firstKeys: [StateKey] {
        let begins = !content.isPoint && RuleMachine(content).beginsByItself
        let first = begins ? [StateKey(id, groupKey: Firing.key(of: JSONObject()))] : []
        return first + (content.course.noDataAfter == nil ? [] : [watchKey])
    }

    /// What states are of: they are begun anew when this is another.
    var contentNumber: Int64 {
        Int64(bitPattern: begun.transaction ^ UInt64(bitPattern: Int64(begun.era)) << 48)
    }
}
