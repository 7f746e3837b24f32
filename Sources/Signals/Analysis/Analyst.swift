package import EventLoop
package import Events
import Access
package import Kernel
import Postgres

/// Analyses series whose candles changed, two at a time on its worker, in steps of one transaction each. What
/// is to be done stands in the database (`series.dirty_from`); the queue here only says where to look first.
package final class Analyst {
    /// While the database writes what came of one series, the next one is computed.
    static let lanes = 2
    /// States of series that are kept, 25 KB each: a new candle of one of them costs one update.
    static let mostKept = 2_048
    /// Series that a sweep takes up at once.
    static let mostSwept = 1_000
    /// Rounds of one series before others have their turn: 5,000 candles; one while somebody waits.
    static let mostRounds = 5
    /// How often a state is made for one stretch of work, before it is left to whoever is quicker.
    static let mostMade = 1
    /// Series that wait here from which on others are asked to help.
    static let muchWaiting = 8
    /// Series of others that are taken up at once, and in all after one call for help.
    static let mostHelped = (atOnce: 8, inAll: 1_000)
    /// Until all of them are done, before more are taken up.
    private static let longestHelp: Period = .seconds(60)

    private let ledger: Ledger
    private let reactor: Reactor
    private let gates: MarketGates
    private let models: GradeModels
    private let supplied: SuppliedLookup
    private let backlogRest: BacklogRest
    private var numbers: [GradeModel: Int]?
    /// Whether series were looked for that one of the models has not graded up to their end.
    private var isCaughtUp = false
    private var kept: [Int: AnalysisStep.Kept] = [:]
    /// The database's process that answered when they were kept.
    private var session: Int32?
    private(set) var queue = AnalysisQueue()
    /// Series that are not done yet, and how often their state had to be made.
    private var underWay: [Int: Int] = [:]
    private var noted: [(series: Int, isUrgent: Bool)] = []
    /// Series whose newest candle waits for the market's.
    private var held: [Int: TimerID] = [:]
    private var waiters: [Waiter] = []
    /// Of lanes that have nothing to do.
    private var idle: [Wakeup] = []
    private var isStopped = false
    /// Rings when another worker, or node, has more to do than it does at once.
    private let call = Wakeup()
    /// Told when so much waits here that others may help.
    package var onBacklog: (() -> Void)?
    /// Told of a series whose analysis failed; the sweep tries again.
    package var onFailure: ((any Error) -> Void)?

    private final class Waiter {
        var series: Set<Int>
        let bell = Wakeup()

        init(_ series: Set<Int>) { self.series = series }
    }

    /// - Parameter supplied: what other rooms know of tokens.
    package init(
        ledger: Ledger, reactor: Reactor, models: GradeModels = .usual,
        supplied: @escaping SuppliedLookup = { _, _ in .none },
        rest: BacklogRest = BacklogRest()
    ) {
        (self.ledger, self.reactor, self.models, self.supplied) = (ledger, reactor, models, supplied)
        backlogRest = rest
        gates = MarketGates(database: ledger.database)
    }

    package func start(on worker: isolated Worker) {
        for _ in 0..<Self.lanes {
            worker.spawn { await self.work() }
        }
        worker.spawn { await self.help() }
    }

    package func stop() {
        isStopped = true
        wakeLanes()
        call.wake()
        for timer in held.values { reactor.cancel(timer) }
        held = [:]
        for waiter in waiters { waiter.bell.wake() }
    }

    /// Remembers series whose candles changed; `wake` begins with them.
    /// - Parameter isUrgent: a few candles that came just now, not a part of a history.
    func note(_ series: [Int], isUrgent: Bool = false) {
        noted += series.map { ($0, isUrgent) }
        if !isUrgent { backlogRest.noteHistory(at: ledger.clock.monotonicNanoseconds()) }
    }

    func wake() {
        for (series, isUrgent) in noted { queue.add(series, isUrgent: isUrgent) }
        noted = []
        wakeLanes()
        if queue.waiting.count >= Self.muchWaiting { onBacklog?() }
    }

    /// Somebody has a backlog: who has nothing to do takes some of it.
    package func callForHelp() { call.wake() }

    private func wakeLanes() {
        for bell in idle { bell.wake() }
        idle = []
    }

    /// Waits until these have been analysed, or the time is over.
    nonisolated(nonsending) func settle(_ series: Set<Int>, within limit: Period) async {
        let waiter = Waiter(series.filter { queue.holds($0) })
        guard !waiter.series.isEmpty, !isStopped else { return }
        waiters.append(waiter)
        let timer = reactor.schedule(afterNanoseconds: limit.nanoseconds) { waiter.bell.wake() }
        await waiter.bell.wait()
        reactor.cancel(timer)
        waiters.removeAll { $0 === waiter }
    }

    /// Takes up what a stopped node, or one that failed, left behind; returns how many series that is.
    package nonisolated(nonsending) func sweep() async throws -> Int {
        if !isCaughtUp {
            try await SeriesQueue.catchUp(models, in: ledger.database)
            isCaughtUp = true
        }
        let dirty = try await SeriesQueue.dirty(Self.mostSwept, in: ledger.database)
        for series in dirty { queue.add(series, isUrgent: false) }
        wakeLanes()
        return dirty.count
    }

    /// Does everything that there is to do now, and returns; for jobs and tests.
    package nonisolated(nonsending) func sweepAndSettle(within limit: Period) async throws -> Int {
        let count = try await sweep()
        await settle(queue.waiting, within: limit)
        return count
    }

    private nonisolated(nonsending) func work() async {
        let bell = Wakeup()
        while !isStopped {
            guard let (series, isUrgent) = queue.take() else {
                idle.append(bell)
                await bell.wait()
                continue
            }
            let course = await analyse(series)
            queue.release(series)
            switch course {
            case .done: finish(series)
            case .more: queue.add(series, isUrgent: false)
            case .again: queue.add(series, isUrgent: isUrgent)
            }
        }
    }

    /// Each series is tried once: one that somebody else is at, or that fails, is left to them and the sweep.
    private nonisolated(nonsending) func help() async {
        while !isStopped {
            await call.wait()
            var tried: [Int] = []
            while !isStopped, queue.waiting.isEmpty, tried.count < Self.mostHelped.inAll,
                let some = try? await SeriesQueue.backlog(
                    Self.mostHelped.atOnce, besides: tried, salt: ledger.clock.monotonicNanoseconds(),
                    in: ledger.database),
                !some.isEmpty
            {
                tried += some
                enqueue(some)
                await settle(Set(some), within: Self.longestHelp)
            }
        }
    }

    private func finish(_ series: Int) {
        for waiter in waiters where !queue.holds(series) {
            waiter.series.remove(series)
            if waiter.series.isEmpty { waiter.bell.wake() }
        }
    }
}

// MARK: One series

extension Analyst {
    /// How a turn of a series ended.
    private enum Course {
        /// Nothing is left to do.
        case done
        /// It is long: others have their turn now.
        case more
        /// Somebody was in its way.
        case again
    }

    private nonisolated(nonsending) func analyse(_ series: Int) async -> Course {
        do {
            for _ in 0..<Self.mostRounds where !isStopped {
                let start = ledger.clock.monotonicNanoseconds()
                if try await round(series) {
                    underWay[series] = nil
                    return .done
                }
                if queue.isUrgent { break }
                await rest(ledger.clock.monotonicNanoseconds() &- start)
            }
            return .more
        } catch let error as PostgresError where error.isConflict || error.isLockTimeout {
            return .again
        } catch {
            (kept[series], underWay[series]) = (nil, nil)
            onFailure?(error)
            return .done
        }
    }

    private nonisolated(nonsending) func rest(_ nanoseconds: UInt64) async {
        let pause = backlogRest.nanoseconds(
            afterWork: nanoseconds, at: ledger.clock.monotonicNanoseconds())
        if pause > 0 { await reactor.sleep(nanoseconds: pause) }
    }

    /// True when nothing is left to do.
    private nonisolated(nonsending) func round(_ id: Int) async throws -> Bool {
        guard let (known, market) = try await SeriesQueue.read(id, in: ledger.database),
            known.dirtyFrom != nil
        else { return true }
        let numbers = try await knownNumbers()
        forgetWithServer()
        let before = kept[id]
        let isCurrent = before?.analysed == known.analysed
        let gate = try await gates.current(
            of: known, market, after: isCurrent ? before?.analysis.time : nil)
        let ledger = ledger
        let step = AnalysisStep(
            known: known, gate: gate, models: models, numbers: numbers, supplied: supplied,
            newID: { ledger.newID() })
        let now = ledger.clock.now()
        let context = Context.installation(now: now, requestID: "analysis")
        let outcome = try await ledger.change(context) { change in
            try await step.run(before, clock: ledger.clock, in: change)
        }
        switch outcome {
        case .idle: return true
        case .outdatedGate: return false
        case .behind(let from, let analysed):
            if isOvertaken(id) {
                kept[id] = nil
                return true
            }
            let whole = try await gates.current(of: known, market, after: nil)
            keep(id, try await approach(known, whole, before: from, analysed: analysed))
            return false
        case .done(let after, let marked):
            keep(id, after)
            enqueue(marked)
            return true
        case .more(let after, let marked):
            keep(id, after)
            enqueue(marked)
            return false
        case .held(let after, let until, let marked):
            keep(id, after)
            enqueue(marked)
            hold(id, for: until - now)
            return true
        }
    }

    /// A server that falls may lose a step whose commit did not wait for its disk, and another worker may
    /// have made another in its place by the time that we are connected again.
    private func forgetWithServer() {
        let now = ledger.database.reads.processID
        if now != session { kept = [:] }
        session = now
    }

    /// Comes back to a series whose newest candle waits; the market's candle may bring it earlier.
    private func hold(_ series: Int, for time: Period) {
        if let timer = held.removeValue(forKey: series) { reactor.cancel(timer) }
        guard !isStopped else { return }
        held[series] = reactor.schedule(afterNanoseconds: time.nanoseconds) { [weak self] in
            guard let self else { return }
            held[series] = nil
            enqueue([series], isUrgent: true)
        }
    }

    /// Those that the market's candle was missing to are waited for.
    private func enqueue(_ marked: SeriesQueue.Dependents) {
        enqueue(marked.awaiting, isUrgent: true)
        enqueue(marked.others)
    }

    private func enqueue(_ series: [Int], isUrgent: Bool = false) {
        for one in series { queue.add(one, isUrgent: isUrgent) }
        if !series.isEmpty { wakeLanes() }
    }

    /// Whether another worker, or node, moves this history on at the same time: the state that was made for
    /// it is outdated already. Each would make it anew again and again, candle by candle from the beginning,
    /// so it is left to them. The next sweep looks whether they did it; candles that come are noted by
    /// whoever wrote them.
    private func isOvertaken(_ series: Int) -> Bool {
        underWay[series, default: 0] += 1
        return underWay[series, default: 0] > Self.mostMade
    }

    /// The state before a candle in the middle, made from the one that is stored or else from the beginning,
    /// without a lock.
    private nonisolated(nonsending) func approach(
        _ series: SeriesRecord, _ gate: MarketGates.Kept, before: Timestamp, analysed: Int64
    ) async throws -> AnalysisStep.Kept {
        let stored = try await AnalysisStates.read(
            series, before: before, models: models, in: ledger.database)
        var analysis = stored ?? SeriesAnalysis(series.interval, models: models)
        var unsaved = 0
        var pages = CandlePages(series.id, after: analysis.time, before: before)
        while let page = try await pages.next(ledger.database) {
            let (first, last) = (page[0].openTime, page[page.count - 1].openTime)
            let question = SuppliedQuestion(series, first: first, last: last)
            let supplied = try await supplied(question, ledger.database)
            _ = analysis.update(page, SeriesFeed(gate: gate.gate, supplied: supplied))
            unsaved += page.count
            await Task.yield()
        }
        return AnalysisStep.Kept(analysis: analysis, analysed: analysed, unsaved: unsaved)
    }

    private func keep(_ series: Int, _ state: AnalysisStep.Kept?) {
        // One in place of another: were all forgotten, a round of many series would find none of its own.
        if kept.count >= Self.mostKept && kept[series] == nil, let some = kept.keys.first {
            kept[some] = nil
        }
        kept[series] = state
    }

    private nonisolated(nonsending) func knownNumbers() async throws -> [GradeModel: Int] {
        if let numbers { return numbers }
        let models = models
        let found = try await ledger.database.transaction {
            try await GradeStore.numbers(of: models, in: $0)
        }
        numbers = found
        return found
    }
}
