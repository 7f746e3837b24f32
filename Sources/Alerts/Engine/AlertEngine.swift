package import Access
package import Events
import Expressions
import JSON
import Kernel
package import Postgres
package import Webhooks

/// Point rules: evaluated in the transaction that writes the event, so that an alert exists exactly when its
/// event
/// does. One worker's.
package final class AlertEngine {
    private let ledger: Ledger
    private let rights: OwnerRights
    private let things: TargetSource
    private let origin: String
    let teller: Teller
    private var index: RuleIndex?
    private var failureMemory = FailureMemory()
    /// Conditions evaluated so far.
    package private(set) var evaluations = 0

    /// What was held, and is told before an event of this transaction: all messages are queued at once.
    private var ends: [EventID: [Event]] = [:]

    func tell(_ held: [Event], before event: EventID) { ends[event] = held }

    func forgetEnds(_ events: [EventID]) { for event in events { ends[event] = nil } }

    private var hasOpenedActions = false

    /// Whether firings of since the last look have something done to keys.
    package func takeOpenedActions() -> Bool {
        defer { hasOpenedActions = false }
        return hasOpenedActions
    }

    /// - Parameters:
    ///   - rights: what principals may do now; who is missing may not act at all.
    ///   - receivers: those who may be told.
    ///   - origin: `https://keybell.example`, what links to alerts begin with.
    package init(
        ledger: Ledger, rights: RightsReader, things: TargetSource = .none, receivers: WebhookDirectory,
        origin: String
    ) {
        (self.ledger, self.things) = (ledger, things)
        self.rights = OwnerRights(database: ledger.database, reader: rights)
        self.origin = origin
        teller = Teller(ledger: ledger, receivers: receivers)
    }

    /// For `WebhookOutbox.reaction(adding:)`: writes what the events fire and returns what receivers are
    /// told.
    package nonisolated(nonsending) func messages(
        for events: [Event], in transaction: Transaction
    ) async throws -> [Message] {
        let suspended = try await Suspensions.write(events, newID: { ledger.newID() }, in: transaction)
        let outcome = try await evaluate(events + suspended, in: transaction)
        let failed = try await write(outcome.failures, in: transaction)
        let fired = try await write(outcome.firings, areOfNewEvents: true, in: transaction)
        let own = suspended + failed + fired.events
        // Nobody waits for it: it leaves with what is told, or with the commit, which fails when it does.
        if !own.isEmpty { EventStore.send(own, in: transaction) }
        try await TellingStore.lookAgain(
            forBack: events.compactMap(\.webhookThatIsBack), at: ledger.clock.now(), in: transaction)
        let said = events.filter(\.isSaidOfAlert)
        let ended = try await heldBefore(said, in: transaction) + events.flatMap { ends[$0.id] ?? [] }
        let told = try await teller.say(ended + said, in: transaction)
        let again = try await teller.tellAgain(
            events.filter { Self.toldAgain.contains($0.type) && !$0.isSaidOfAlert }, in: transaction)
        let blind = try await BlindRules.messages(for: suspended + failed, by: teller, in: transaction)
        return blind + fired.messages + told + again
    }

    /// False when `messages` has nothing to do about events of this type.
    package func mayTake(_ type: EventType, at configuration: Int64) -> Bool {
        guard let index, index.configuration == configuration, !Self.alwaysTaken.contains(type) else {
            return true
        }
        return index.takes(type)
    }

    /// For `Ledger.wish`: whether a rule that runs, over one event or several, is over the market.
    package nonisolated(nonsending) func wishes(
        _ type: EventType, in transaction: Transaction
    ) async throws -> Bool {
        guard type == .marketClosed else { return false }
        let (_, configuration) = try await Authority.numbers(in: transaction)
        return try await index(at: configuration).watchesMarket
    }

    /// What is said of alerts to those who were told that they fire.
    fileprivate static let said: Set<EventType> = [
        .alertResolved, .alertAcknowledged, .alertAssigned, .alertCommented,
    ]

    private static let toldAgain: Set<EventType> = [
        .alertReopened, .alertEscalated, .alertFlapping, .alertSettled,
    ]

    /// Of `Suspensions`, what is said of alerts, and whoever can be told again.
    private static let alwaysTaken: Set<EventType> = said.union([
        .userEnabled, .serviceAccountEnabled, .userDisabled, .serviceAccountDisabled, .endpointRecovered,
    ]).union(toldAgain)

    private struct Outcome {
        var firings: [Firing] = []
        var failures: [RuleFailure] = []

        mutating func add(_ verdict: RuleVerdict, _ rule: AlertRule, _ event: Event, _ view: JSONObject) {
            switch verdict {
            case .silent, .resolves: return
            case .fires: firings.append(Firing(rule: rule, event: event, view: view))
            case .error(let reason):
                guard !failures.contains(where: { $0.rule.id == rule.id }) else { return }
                failures.append(RuleFailure(rule: rule, event: event, reason: reason))
            }
        }
    }

    private nonisolated(nonsending) func evaluate(
        _ events: [Event], in transaction: Transaction
    ) async throws -> Outcome {
        let events = events.filter(\.type.isOpenToRules)
        guard !events.isEmpty else { return Outcome() }
        let (epoch, configuration) = try await Authority.numbers(in: transaction)
        let index = try await index(at: configuration)
        let candidates = events.compactMap { Candidates($0, in: index) }
        guard !candidates.isEmpty else { return Outcome() }
        let rights = try await rights.rights(ofRules: candidates.lazy.flatMap(\.rules), at: epoch)
        let targets = try await things.targets(
            of: candidates.lazy.map { EventTopic(of: $0.event).thing }, for: rights.all,
            EventSight(of: .none).askedOfThings, in: transaction)
        return judge(candidates, rights, targets)
    }

    /// The rules that an event may concern.
    private struct Candidates {
        let event: Event
        let flat: JSONObject
        let rules: [IndexedRule]

        init?(_ event: Event, in index: RuleIndex) {
            guard index.takes(event.type) else { return nil }
            (self.event, flat) = (event, EventView.flat(event))
            rules = index.candidates(for: event.type, flat)
            if rules.isEmpty { return nil }
        }
    }

    /// An event as somebody sees it who sees it at all.
    private struct Seen {
        let view: JSONObject
        let value: Value
        let isRetroactive: Bool

        init?(_ met: Candidates, _ sight: EventSight?, _ targets: Targets) {
            guard let sight,
                sight.sees(met.event.type, EventTopic(of: met.event), targets)
            else { return nil }
            view = EventView.drawn(met.flat, of: met.event, seenBy: sight, targets)
            value = .object(JSONFields(view))
            isRetroactive = view["retroactive"] == true
        }
    }

    /// Each rule with the eyes of its owner.
    private func judge(
        _ candidates: [Candidates], _ rights: RuleRights, _ targets: Targets
    ) -> Outcome {
        var outcome = Outcome()
        for met in candidates {
            var seen: [PrincipalID?: Seen?] = [:]
            // Most rules have the owner of the one before.
            var (last, eyes): (PrincipalID??, Seen?) = (nil, nil)
            for entry in met.rules where !entry.isOver(at: met.event.at) {
                if last != .some(entry.owner) {
                    last = .some(entry.owner)
                    eyes = seen[entry.owner] ?? Seen(met, rights.sight(ofOwner: entry.owner), targets)
                    seen[entry.owner] = .some(eyes)
                }
                guard let eyes else { continue }
                evaluations += 1
                let verdict = entry.verdict(eyes.value, isRetroactive: eyes.isRetroactive)
                if verdict != .silent { outcome.add(verdict, entry.rule, met.event, eyes.view) }
            }
        }
        let now = ledger.clock.now()
        outcome.failures = outcome.failures.filter { failureMemory.isNews($0, at: now) }
        outcome.failures.sort { $0.rule.id < $1.rule.id }
        return outcome
    }

    /// Other rules, webhooks and routes have another number: what was read stays, and what changed is read.
    private nonisolated(nonsending) func index(at configuration: Int64) async throws -> RuleIndex {
        if let index, index.configuration == configuration { return index }
        let fresh = try await RuleIndex.load(
            .point, configuration: configuration, after: index, from: ledger.database)
        // Never back to an older one, for a transaction that began earlier.
        if index.map({ $0.configuration < configuration }) ?? true { index = fresh }
        return fresh
    }

    // MARK: What is written

    /// "Monitoring is blind": told once a day, and never as the rule's own alert.
    nonisolated(nonsending) func write(
        _ failures: [RuleFailure], in transaction: Transaction
    ) async throws -> [Event] {
        guard !failures.isEmpty else { return [] }
        let new = try await FiringStore.fail(failures, at: ledger.clock.now(), in: transaction)
        return failures.filter { new.contains($0.rule.id) }.map { failure in
            event(
                NewEvent(
                    .ruleFailed, subject: failure.rule.id,
                    [
                        "rule_id": .string(failure.rule.id.description),
                        "name": .string(failure.rule.content.name),
                        "owner_id": failure.rule.ownerValue,
                        "event_id": .string(failure.event.id.description),
                        "event_type": .string(failure.event.type.name), "error": .string(failure.reason),
                    ]), at: failure.event.at)
        }
    }

    /// Events that are not stored yet, and what is told of them.
    struct Written {
        var events: [Event] = []
        var messages: [Message] = []
    }

    /// - Parameter areOfNewEvents: they are written in this transaction. Nobody waits for what is noted of
    ///   them then: it fails the commit when it fails.
    nonisolated(nonsending) func write(
        _ firings: [Firing], areOfNewEvents: Bool = false, in transaction: Transaction
    ) async throws -> Written {
        guard !firings.isEmpty else { return Written() }
        var new = areOfNewEvents ? firings : try await FiringStore.note(firings, in: transaction)
        try await ActorNames.fill(&new, in: transaction)
        var groups = FiringGroup.groups(of: new)
        guard !groups.isEmpty else { return Written() }
        let raised = try await FiringStore.raise(&groups, newID: { ledger.newID() }, in: transaction)
        let acting = groups.flatMap { group in
            raised[group.key].map { alert in group.firings.map { ($0, alert.id) } } ?? []
        }
        if areOfNewEvents {
            FiringStore.send(acting, in: transaction)
        } else {
            FiringStore.belong(acting, in: transaction)
        }
        if try await ActionRuns.open(acting, newID: { ledger.newID(EventKind.self).uuid }, in: transaction) {
            hasOpenedActions = true
        }
        try await FiringStore.suppress(groups.flatMap(\.suppressed), in: transaction)
        let now = ledger.clock.now()
        let flaps = try await flaps(of: groups, raised, at: now, in: transaction)
        var (written, tellings): (Written, [Telling]) = (Written(), [])
        for group in groups {
            guard let raised = raised[group.key] else { continue }
            let (events, telling) = notices(of: group, raised, flaps[group.key], at: now)
            if events.isEmpty { continue }
            written.events += events
            tellings.append(telling)
        }
        written.messages = try await teller.tell(tellings, at: now, in: transaction)
        return written
    }

    /// One for each firing that no cooldown swallowed. What made an alert worse that somebody looked after
    /// is told in their place, at once.
    private func notices(
        of group: FiringGroup, _ raised: FiringStore.Raised, _ flap: Flaps.Verdict?, at now: Timestamp
    ) -> ([Event], Telling) {
        let before = raised.count - group.firings.count
        let kept = group.kept
        let facts = kept.map { notice(of: $0.firing, raised, count: before + $0.place + 1) }
        var events = zip(kept, facts).map { kept, notice in
            event(NewEvent(.alertFiring, subject: raised.id, data: notice.data), at: kept.firing.at)
        }
        var telling = Telling(group, raised, events)
        if let flap, let last = facts.last {
            switch flap {
            case .goesOn(let isEscalating):
                telling.isFlapping = !(telling.isSecurity && telling.severity == .critical)
                telling.isEscalating = isEscalating
            case .begins(let times):
                let flapping = event(last.flapping(times), at: now)
                telling.events = [flapping]
                events.append(flapping)
            }
        }
        if let acknowledged = raised.acknowledged {
            let last = facts.last ?? notice(of: group.newest, raised, count: raised.count)
            let end = acknowledged.end(count: raised.count, severity: group.content.severity, at: now)
            telling.acknowledged = end == nil ? acknowledged : nil
            if let end {
                let reopened = event(last.reopening(end.rawValue, acknowledged), at: now)
                (telling.events, telling.reopening) = ([reopened], end.rawValue)
                events.append(reopened)
            }
        }
        return (events, telling)
    }

    /// Of new alerts whose rules find them well again by themselves: only these come and go.
    private nonisolated(nonsending) func flaps(
        of groups: [FiringGroup], _ raised: [FiringGroup.Key: FiringStore.Raised], at now: Timestamp,
        in transaction: Transaction
    ) async throws -> [FiringGroup.Key: Flaps.Verdict] {
        var new: [FiringGroup.Key: AlertID] = [:]
        for group in groups where !group.content.isPoint {
            guard let raised = raised[group.key], raised.count == group.firings.count else { continue }
            new[group.key] = raised.id
        }
        return try await Flaps.note(new, at: now, in: transaction)
    }

    private func notice(of firing: Firing, _ raised: FiringStore.Raised, count: Int) -> AlertNotice {
        let rule = firing.rule
        return AlertNotice(
            alert: raised.id,
            rule: RuleReference(id: rule.id, name: rule.content.name, version: rule.version),
            severity: rule.content.severity.rawValue, state: .firing, summary: AlertSummary.text(firing),
            advice: rule.content.advice, labels: rule.content.labels, group: firing.group, count: count,
            firstAt: raised.firstAt,
            lastAt: raised.lastAt, event: firing.view, url: Alert.url(of: raised.id, origin: origin))
    }

    /// What is told of alerts that are resolved by themselves.
    nonisolated(nonsending) func resolutions(
        of ids: [AlertID], in transaction: Transaction
    ) async throws -> Written {
        guard !ids.isEmpty else { return Written() }
        let alerts = try await AlertStore(database: ledger.database).find(ids, in: transaction)
        let events = alerts.sorted { $0.id < $1.id }.compactMap { alert in
            alert.resolved.map { event(alert.resolution($0, origin: origin), at: $0.at) }
        }
        let held = try await hold(events, in: transaction)
        let said = events.filter { !held.contains($0.id) }
        return Written(events: events, messages: try await teller.say(said, in: transaction))
    }

    /// What was held of groups that came and went, until somebody resolved what fires of them.
    private nonisolated(nonsending) func heldBefore(
        _ said: [Event], in transaction: Transaction
    ) async throws -> [Event] {
        let resolved = said.filter { $0.type == .alertResolved }.compactMap(\.subject)
        let groups = try await Flaps.end(of: resolved.compactMap { AlertID($0) }, in: transaction)
        let held = groups.flatMap(\.held)
        let events = try await HeldTellings.events(held, in: transaction)
        return held.compactMap { events[$0] }
    }

    /// Of what comes and goes it is not told at once that it is well.
    private nonisolated(nonsending) func hold(
        _ events: [Event], in transaction: Transaction
    ) async throws -> Set<EventID> {
        var byAlert: [AlertID: EventID] = [:]
        for event in events { if let id = event.subject.flatMap({ AlertID($0) }) { byAlert[id] = event.id } }
        let held = try await Flaps.hold(byAlert, in: transaction)
        let kept = byAlert.filter { held.contains($0.key) }
        try await TellingStore.hold(
            flapping: kept, at: ledger.clock.now(), newID: { ledger.newID() }, in: transaction)
        return Set(kept.values)
    }

    /// An event of the installation's own.
    private func event(_ new: NewEvent, at now: Timestamp) -> Event {
        Event(
            id: ledger.newID(), at: now, type: new.type, subject: new.subject, actor: .installation,
            data: new.data)
    }
}

extension Event {
    fileprivate var webhookThatIsBack: WebhookID? {
        type == .endpointRecovered ? data["webhook_id"]?.asString.flatMap { WebhookID($0) } : nil
    }

    /// Those are told who were told before, and nobody else: what is over is no news to others.
    fileprivate var isSaidOfAlert: Bool {
        AlertEngine.said.contains(type)
            || type == .alertSettled && data["state"]?.asString == Alert.State.resolved.rawValue
    }
}
