package import Access
package import EventLoop
package import Events
import JSON
package import Kernel
package import Postgres
package import Webhooks

/// Rules over several events: read behind the horizon, page by page. What a page changes, the states of
/// its groups, alerts, deliveries and how far was read, is one transaction; so nothing is lost, and
/// nothing happens twice, whoever is killed when. One a node.
package final class CourseEngine {
    /// What is new is seen after that long at the latest.
    private static let pollEvery: Period = .milliseconds(100)
    /// What failed is tried again.
    private static let failedFor: Period = .seconds(1)
    /// Where there is no such rule, how often one is looked for; no event is missed for that.
    private static let restFor: Period = .milliseconds(250)
    static let pageEvents = 1_000
    /// Groups that time changes, in one round.
    static let duesAtOnce = 1_000
    /// Groups that are forgotten, and alerts that are resolved, in one transaction.
    private static let clearedAtOnce = 1_000
    /// How late a transaction's own time may be: so long after a moment, time alone decides nothing of it.
    static let settling: Period = .seconds(2)
    /// How many events without effect are read again after a restart, at most.
    private static let unwrittenAtMost = 20_000

    package typealias Enqueue = nonisolated(nonsending) ([Message], Transaction) async throws -> (() -> Void)?

    private let ledger: Ledger
    private let alerts: AlertEngine
    private let enqueue: Enqueue
    private let reader: HorizonReader
    private let judge: CourseJudge
    let shards: RuleShards
    let states: GroupStates
    private let primer: RulePrimer
    private let reactor: Reactor
    private let log: Log
    private let bell = Wakeup()
    private var index: RuleIndex?
    private var mustClear = false
    private(set) var watermark = Watermark()
    private var unwritten = 0
    private var evictionsNoted = 0
    private var evictionsNotedAt: UInt64?
    private var isStopping = false
    private var isIdle = true

    /// - Parameters:
    ///   - alerts: writes what fires, as for point rules.
    ///   - nodes: how many share the work now.
    ///   - groupsAtMost: of a rule in a shard.
    package init(
        ledger: Ledger, alerts: AlertEngine, rights: RightsReader, things: TargetSource = .none,
        node: UUID, nodes: @escaping () -> Int, reactor: Reactor, log: Log,
        groupsAtMost: Int = GroupStates.groupsAtMost, enqueue: @escaping Enqueue
    ) {
        (self.ledger, self.alerts, self.enqueue, self.reactor, self.log) = (
            ledger, alerts, enqueue, reactor, log
        )
        reader = HorizonReader(ledger.database)
        shards = RuleShards(database: ledger.database, node: node, clock: ledger.clock, nodes: nodes)
        states = GroupStates(database: ledger.database, groupsAtMost: groupsAtMost)
        primer = RulePrimer(database: ledger.database, rights: rights, things: things)
        judge = CourseJudge(ledger: ledger, rights: rights, things: things, states: states)
    }

    package func start(on worker: isolated Worker) {
        isIdle = false
        worker.spawn {
            await self.run()
            self.isIdle = true
        }
    }

    /// There may be something new: for `Ledger.onEvents`.
    package func wake() { if index?.isEmpty == false { bell.wake() } }

    package nonisolated(nonsending) func stop() async {
        isStopping = true
        bell.wake()
        while !isIdle { await reactor.sleep(nanoseconds: Period.milliseconds(5).nanoseconds) }
        await shards.letGo()
    }

    private nonisolated(nonsending) func run() async {
        while !isStopping {
            var (isMore, hasFailed) = (false, false)
            do {
                isMore = try await step()
            } catch {
                log.warning("rules over several events wait", ["error": .text("\(error)")])
                hasFailed = true
            }
            if isMore || isStopping { continue }
            let busy = index?.isEmpty == false ? Self.pollEvery : Self.restFor
            let wait = hasFailed ? Self.failedFor : busy
            let timer = reactor.schedule(afterNanoseconds: wait.nanoseconds) { [bell] in bell.wake() }
            await bell.wait()
            reactor.cancel(timer)
        }
    }

    // MARK: A round

    /// Reads a page and what is due. Answers whether there may be more at once.
    nonisolated(nonsending) func step() async throws -> Bool {
        do {
            return try await round()
        } catch {
            // Whatever was not written did not happen: it is read and worked out again.
            states.forgetAll()
            primer.forgetAll()
            shards.forget()
            throw error
        }
    }

    private nonisolated(nonsending) func round() async throws -> Bool {
        let asked = ledger.clock.now()
        guard let row = try await ledger.database.query(Self.look).first else {
            throw PostgresError.unavailable
        }
        let index = try await index(at: row.int64(1))
        guard let first = index.begun else { return try await rest() }
        try await hold()
        shards.begin(
            notBefore: EventPosition(
                era: first.era, transaction: max(first.transaction, 1) - 1, id: Self.last))
        guard let place = shards.place else { return false }
        if mustClear {
            mustClear = try await clear() > 0
            return true
        }
        let primed = try await primer.step(
            index, shards.held, horizon: UInt64(row.text(3)) ?? 0, era: place.era, epoch: row.int64(0))
        switch primed {
        case .nothing: break
        case .waits: return false
        case .more: return true
        case .done(let primed):
            try await write(CourseWork(primed), place, read: 0, index)
            return true
        }
        let page = try await reader.read(
            after: place, limit: Self.pageEvents, types: index.typeNames + [EventType.alertResolved.name],
            ownPrefixes: index.ownPrefixes)
        watermark.observe(
            at: min(asked, row.timestamp(4)), newest: UInt64(row.text(2)) ?? .max,
            horizon: page.isFull ? 0 : page.next.transaction + 1)
        let dues = try await states.due(
            by: watermark.time - Self.settling, of: shards.held.keys.sorted(), limit: Self.duesAtOnce)
        let work = try await judge.work(
            on: page, dues, by: watermark.time - Self.settling, index, shards: shards.held,
            epoch: row.int64(0))
        try await write(work, page.next, read: page.events.count, index)
        let isDue = states.nextDue.map { $0 <= watermark.time - Self.settling } ?? !dues.isEmpty
        return page.isFull || isDue
    }

    private static let look = Statement(
        "rule_look",
        """
        select authority.epoch, authority.configuration,
            pg_snapshot_xmax(pg_current_snapshot())::text, pg_snapshot_xmin(pg_current_snapshot())::text,
            statement_timestamp()
        from authority
        """)
    private static let last = EventID(UUID(high: .max, low: .max))

    private nonisolated(nonsending) func index(at configuration: Int64) async throws -> RuleIndex {
        if let index, index.configuration == configuration { return index }
        let fresh = try await RuleIndex.load(
            .stateful, configuration: configuration, after: index, from: ledger.database)
        if let index {
            let changed = index.changed(in: fresh)
            states.forget(rules: changed)
            if !changed.isEmpty { mustClear = true }
        } else {
            mustClear = true
        }
        index = fresh
        return fresh
    }

    private nonisolated(nonsending) func hold() async throws {
        let (gained, lost) = try await shards.hold()
        states.forget(gained.union(lost))
        if !gained.isEmpty { mustClear = true }
        if !gained.union(lost).isEmpty { primer.forgetAll() }
    }

    /// There is no such rule, or none any more: nothing is remembered, and no lease is renewed. Answers
    /// whether there may be more to forget.
    private nonisolated(nonsending) func rest() async throws -> Bool {
        if mustClear, try await states.isStale() {
            try await hold()
            if try await clear() > 0 { return true }
            // The rest is another node's to forget, or of one that died: its leases lapse.
        } else {
            mustClear = false
        }
        guard !shards.held.isEmpty else { return false }
        states.forgetAll()
        await shards.letGo()
        return false
    }

    /// Forgets a piece of what nobody watches any more, and resolves its alerts, before anything is taken
    /// of what is watched now. Answers how many groups that were.
    private nonisolated(nonsending) func clear() async throws -> Int {
        var effect: (() -> Void)?
        var isTold = false
        let count = try await ledger.database.transaction { transaction in
            try await self.shards.fence(in: transaction)
            let cleared = try await self.states.clear(
                of: self.shards.held.keys.sorted(), at: self.ledger.clock.now(),
                limit: Self.clearedAtOnce, in: transaction)
            let written = try await AlertRecovery.write(cleared.firing, self.alerts, in: transaction)
            effect = try await self.tell(written, in: transaction)
            isTold = !written.events.isEmpty
            return cleared.count
        }
        effect?()
        if isTold { ledger.announceEvents() }
        return count
    }

    private nonisolated(nonsending) func tell(
        _ written: AlertEngine.Written, in transaction: Transaction
    ) async throws -> (() -> Void)? {
        guard !written.events.isEmpty else { return nil }
        try await EventStore.insert(written.events, in: transaction)
        return try await enqueue(written.messages, transaction)
    }

    private nonisolated(nonsending) func write(
        _ work: CourseWork, _ next: EventPosition, read: Int, _ index: RuleIndex
    ) async throws {
        unwritten += read
        guard !work.isEmpty || unwritten >= Self.unwrittenAtMost else {
            return shards.note(next)
        }
        var effect: (() -> Void)?
        try await ledger.database.transaction { transaction in
            try await self.shards.fence(in: transaction)
            effect = try await self.write(work, index, in: transaction)
            try await self.shards.write(next, in: transaction)
        }
        unwritten = 0
        shards.note(next)
        states.apply(work.changes)
        noteEvictions()
        if let primed = work.primed { primer.apply(primed) }
        effect?()
        if work.isTold { ledger.announceEvents() }
    }

    /// Nothing is lost, and whatever is wanted again is read again: slower, which is to be known.
    private func noteEvictions() {
        let now = ledger.clock.monotonicNanoseconds()
        guard states.evictions > evictionsNoted,
            evictionsNotedAt.map({ now &- $0 > UInt64(Period.hours(1).nanoseconds) }) ?? true
        else { return }
        log.warning(
            "states of groups of rules do not all fit into memory",
            ["bytes_at_most": .int(Int64(StateCache.bytesAtMost)), "times": .int(Int64(states.evictions))])
        (evictionsNoted, evictionsNotedAt) = (states.evictions, now)
    }

    private nonisolated(nonsending) func write(
        _ work: CourseWork, _ index: RuleIndex, in transaction: Transaction
    ) async throws -> (() -> Void)? {
        guard !work.isEmpty else { return nil }
        let now = ledger.clock.now()
        if let primed = work.primed { try await RulePrimer.write(primed, in: transaction) }
        let evicted = try await states.write(work.changes, at: now, in: transaction)
        let overflown = try await Overflows.new(
            Overflows.lost(groups: evicted.groups, values: work.forgotten), of: index, ledger, in: transaction
        )
        let failed = try await alerts.write(work.failures, in: transaction)
        let blind = try await DataWatch.write(
            work.watches, newID: { ledger.newID() }, in: transaction)
        let told = overflown + failed + blind
        var written = AlertEngine.Written(
            events: told,
            messages: try await BlindRules.messages(for: told, by: alerts.teller, in: transaction))
        var steps: [AlertEngine.Written] = []
        for wave in CourseWave.waves(of: work.steps) {
            steps.append(try await AlertRecovery.write(wave.recoveries, alerts, in: transaction))
            steps.append(try await alerts.write(wave.firings, in: transaction))
        }
        // After what fired in this round, which may have given way in it too.
        steps.append(try await AlertRecovery.write(evicted.firing, alerts, in: transaction))
        written.events += steps.flatMap(\.events)
        written.messages += steps.flatMap(\.messages)
        return try await tell(written, in: transaction)
    }
}

/// Up to which moment everything is known that happened: of a look back to whose time no transaction is
/// open any more. Looks have the earlier time of this node's clock and the database's, since what a clock
/// that steps forward makes fire is not to be taken back.
struct Watermark {
    private static let unknown = Timestamp(microseconds: .min / 2)
    /// By how much a clock may be set back, as clocks are all the time.
    private static let slack: Period = .seconds(1)

    private(set) var time = Self.unknown
    private var waiting: (at: Timestamp, newest: UInt64)?

    /// - Parameters:
    ///   - newest: the first transaction that had not begun at the look.
    ///   - horizon: the oldest that is not decided, of what was read since.
    mutating func observe(at now: Timestamp, newest: UInt64, horizon: UInt64) {
        // It was ahead of itself: what it marked is not over.
        if max(time, waiting?.at ?? time) > now + Self.slack { (time, waiting) = (Self.unknown, nil) }
        if waiting == nil { waiting = (now, newest) }
        guard let waiting, horizon >= waiting.newest else { return }
        time = max(time, waiting.at)
        self.waiting = nil
    }
}
