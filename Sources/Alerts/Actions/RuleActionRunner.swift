package import Access
import Audit
package import EventLoop
package import Events
import HTTPServer
import JSON
package import Jobs
package import Kernel
import Postgres

/// Carries out what fired rules do to keys: each run in a transaction of its own, which also ends it; so it
/// happens once, whoever is killed when. One a node.
package final class RuleActionRunner {
    /// What fired on other nodes and workers is seen after that long at the latest.
    private static let pollEvery: Period = .milliseconds(500)
    /// Runs of one look.
    private static let atOnce = 50
    /// What could not be tried for so long is given up, and told.
    static let triedFor: Period = .hours(1)

    private let ledger: Ledger
    private let rights: RightsReader
    private let hands: RuleHands
    private let reactor: Reactor?
    private let log: Log
    private let isPaused: () -> Bool
    private let bell = Wakeup()
    private var isStopping = false
    private var isIdle = true

    /// - Parameter isPaused: while it says so, nothing is done by itself.
    package init(
        ledger: Ledger, rights: RightsReader, hands: RuleHands, reactor: Reactor?, log: Log,
        isPaused: @escaping () -> Bool = { false }
    ) {
        (self.ledger, self.rights, self.hands) = (ledger, rights, hands)
        (self.reactor, self.log, self.isPaused) = (reactor, log, isPaused)
    }

    package func start(on worker: isolated Worker) {
        isIdle = false
        worker.spawn {
            await self.loop()
            self.isIdle = true
        }
    }

    package func wake() { bell.wake() }

    package nonisolated(nonsending) func stop() async {
        isStopping = true
        bell.wake()
        while !isIdle, let reactor {
            await reactor.sleep(nanoseconds: Period.milliseconds(5).nanoseconds)
        }
    }

    /// What is left over when no node follows, and for whoever wants it done now.
    package var job: Job {
        Job(
            "rule-actions", "Carries out what alert rules do to keys, where that was not done at once.",
            every: .minutes(1)
        ) { run in
            var counts = JSONObject()
            _ = counts.append("carried_out", .number(JSONNumber(try await self.carryOut { run.isOver })))
            return counts
        }
    }

    private nonisolated(nonsending) func loop() async {
        guard let reactor else { return }
        while !isStopping {
            do {
                if !isPaused() { _ = try await carryOut { self.isStopping } }
            } catch {
                log.warning("actions of alert rules wait", ["error": .text("\(error)")])
            }
            if isStopping { return }
            let timer = reactor.schedule(afterNanoseconds: Self.pollEvery.nanoseconds) { [bell] in
                bell.wake()
            }
            await bell.wait()
            reactor.cancel(timer)
        }
    }

    /// All that waits, the oldest first; how many. What fails holds up nothing else, and is thrown when all
    /// was tried: the first of it.
    nonisolated(nonsending) func carryOut(until isOver: () -> Bool = { false }) async throws -> Int {
        var (count, failure): (Int, (any Error)?) = (0, nil)
        var last: ActionRuns.Pending?
        var isMore = true
        while isMore, !isOver() {
            let page = try await ActionRuns.pending(after: last, limit: Self.atOnce, in: ledger.database)
            for run in page where !isOver() {
                do {
                    if try await carryOut(run.id) { count += 1 }
                } catch {
                    failure = failure ?? error
                }
            }
            (last, isMore) = (page.last, page.count == Self.atOnce)
        }
        if let failure { throw failure }
        return count
    }

    /// False when it has to be tried again later.
    private nonisolated(nonsending) func carryOut(_ id: UUID) async throws -> Bool {
        guard let run = try await ActionRuns.find(id, in: ledger.database) else { return true }
        do {
            return try await ledger.change(context()) { change in try await work(run, change) }
        } catch let problem as Problem {
            try await giveUp(run, because: problem.detail)
            return true
        } catch {
            guard ledger.clock.now() - run.madeAt > Self.triedFor else { throw error }
            try await giveUp(run, because: "it could not be done for an hour")
            return true
        }
    }

    private func context() -> Context {
        .installation(now: ledger.clock.now(), requestID: "rule-actions")
    }

    /// The keys are locked first, as by everybody who changes them; then the rule, so that its brake counts
    /// exactly.
    private nonisolated(nonsending) func work(_ run: ActionRun, _ change: Change) async throws -> Bool {
        guard let rule = try await ActingRule.find(run.rule, in: change.transaction),
            rule.isOn, rule.actions.list.contains(run.action)
        else {
            try await end(run, .cancelled, "the rule does not want it any more", change)
            return true
        }
        guard let scope = run.action.scope(firedAbout: run.key) else {
            guard try await ActionRuns.lockPending(run, in: change.transaction) else { return true }
            let why = "the event is about no key: neither its subject nor its key_id is one"
            try await end(run, .refused, why, change)
            refused(run, rule, because: why, change)
            return true
        }
        let found = try await rights.rights(of: rule.holders, in: change.transaction)
        let cause = DeedCause(
            holders: rule.holders.map { found[$0] ?? .none }, reason: rule.reason(of: run),
            detail: JSONObject(members: [
                ("rule_id", .string(rule.id.description)), ("alert_id", .string(run.alert.description)),
                ("event_id", .string(run.event.description)),
            ]))
        var verdict: Verdict?
        let reach = try await hands.act(run.action.deed, scope, cause, change) { reach in
            let found = try await judge(reach, run, rule, change)
            verdict = found
            return found == .go
        }
        guard let verdict else { return false }
        return try await record(verdict, reach, run, rule, change)
    }

    private enum Verdict: Equatable {
        case go
        case braked(touched: Int, isNew: Bool)
        /// Somebody else did it.
        case over
        /// The rule was changed meanwhile.
        case stale
    }

    private nonisolated(nonsending) func judge(
        _ reach: DeedReach, _ run: ActionRun, _ rule: ActingRule, _ change: Change
    ) async throws -> Verdict {
        let transaction = change.transaction
        guard try await ActingRule.lock(run.rule, in: transaction) == rule.revision else { return .stale }
        guard try await ActionRuns.lockPending(run, in: transaction) else { return .over }
        let lately = try await ActionRuns.lately(run.rule, at: change.context.now, in: transaction)
        let fits = lately.touched + reach.changed.count <= rule.actions.keysPerHour
        return reach.changed.isEmpty || fits
            ? .go : .braked(touched: lately.touched, isNew: !lately.isBraked)
    }

    private nonisolated(nonsending) func record(
        _ verdict: Verdict, _ reach: DeedReach, _ run: ActionRun, _ rule: ActingRule, _ change: Change
    ) async throws -> Bool {
        var run = run
        (run.unchanged, run.forbidden) = (reach.unchanged, reach.forbidden)
        switch verdict {
        case .over: return true
        case .stale: return false
        case .braked(let touched, let isNew):
            let limit = rule.actions.keysPerHour
            run.note = "\(reach.changed.count) more keys than \(touched) would be above \(limit) an hour"
            try await end(run, .braked, run.note, change)
            change.audit("rules.act", rule.id, outcome: .denied, detail: rule.detail(of: run, reach))
            if isNew {
                change.emit(
                    rule.event(
                        .ruleBraked, run,
                        [
                            ("wanted", .number(JSONNumber(reach.changed.count))),
                            ("touched", .number(JSONNumber(touched))),
                            ("keys_per_hour", .number(JSONNumber(limit))),
                        ]))
            }
        case .go where reach.changed.isEmpty && reach.forbidden > 0:
            let why = "the rule's owner or last editor may not do so, or it needs approvals"
            try await end(run, .refused, why, change)
            refused(run, rule, because: why, change)
        case .go:
            run.touched = reach.changed.map(\.id)
            let isUnknown = reach.matched == 0 && run.action.keys == .ofEvent
            let note = isUnknown ? "there is no such key, or it is revoked" : nil
            try await end(run, .done, note, change)
            if reach.changed.isEmpty { break }
            change.audit("rules.act", rule.id, detail: rule.detail(of: run, reach))
            change.emit(
                rule.event(
                    .ruleActed, run,
                    [
                        ("changed", .number(JSONNumber(reach.changed.count))),
                        ("unchanged", .number(JSONNumber(reach.unchanged))),
                        ("forbidden", .number(JSONNumber(reach.forbidden))),
                    ]))
        }
        return true
    }

    private func refused(_ run: ActionRun, _ rule: ActingRule, because why: String, _ change: Change) {
        change.audit("rules.act", rule.id, outcome: .denied, detail: rule.detail(of: run, DeedReach()))
        change.emit(rule.event(.ruleActionRefused, run, [("reason", .string(why))]))
    }

    private nonisolated(nonsending) func end(
        _ run: ActionRun, _ state: ActionRun.State, _ note: String?, _ change: Change
    ) async throws {
        var run = run
        (run.state, run.endedAt, run.note) = (state, change.context.now, note)
        try await ActionRuns.end(run, in: change.transaction)
    }

    private nonisolated(nonsending) func giveUp(_ run: ActionRun, because why: String) async throws {
        try await ledger.change(context()) { change in
            guard try await ActionRuns.lockPending(run, in: change.transaction) else { return }
            try await end(run, .refused, why, change)
            guard let rule = try await ActingRule.find(run.rule, in: change.transaction) else { return }
            refused(run, rule, because: why, change)
        }
    }
}
