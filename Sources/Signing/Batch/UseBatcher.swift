import Access
import Audit
package import EventLoop
package import Events
import Exchanges
import HTTPServer
package import Kernel
package import Keys
import Postgres

/// Decides and records the uses of keys of one worker, many in one transaction: while one batch is on its
/// way, the next collects. See Docs/architecture.md, "A use of a key".
package final class UseBatcher {
    /// Requests in one transaction.
    private static let batchLimit = 64
    /// A place in line is worth no more than that.
    private static let waitLimit: Period = .seconds(2)
    /// Nor is a batch: what it admits later may not leave any more.
    package static let batchPatience: Period = .seconds(2)
    /// From its caller's admission to its place in line, whatever was waited for: the exchange's lists and
    /// prices, its budget, the key's turn. No client waits longer by itself, and an order is worth something
    /// now.
    private static let useLimit: Period = .seconds(10)
    /// What an exchange says of its clock, lists and prices is waited for by exits no longer than this, where
    /// they may go without it.
    private static let exitPatience: Period = .milliseconds(300)

    final class Pending {
        let request: UseRequest
        let usage: UsageID
        /// Since when it is in line.
        var since: UInt64
        let decision = Promise<Result<UseDecision, any Error>>()
        /// Set once the key's exchange is known, which never changes.
        var read: ReadUse?
        /// How it was judged last.
        var judged: JudgedUse?
        /// By which it was prepared, and the prices that were looked for then.
        var snapshot: KeySnapshot?
        var prices = PriceNeeds()
        /// It is judged by what is known, whatever else its policies ask for by now.
        var isLast = false
        /// Whoever asked was told that nothing came of it.
        private(set) var isGivenUp = false

        init(_ request: UseRequest, _ usage: UsageID, since: UInt64) {
            (self.request, self.usage, self.since) = (request, usage, since)
        }

        func giveUp() {
            guard !decision.isFulfilled else { return }
            isGivenUp = true
            decision.fulfil(.failure(UseBatcher.stalled))
        }
    }

    let ledger: Ledger
    let book: KeyBook
    let snapshots: KeySnapshots
    let market: Market
    private let feed: MarketFeed
    private let times: ClockFeed
    private let turn: BatchTurn
    private let reactor: Reactor
    private let batchPatience: Period
    private var queue = UseQueue<Pending>()
    private let bell = Wakeup()
    private var isStopping = false
    /// Told of what was admitted when nobody waited for it any more: it was neither signed nor sent.
    package var onGivenUp: ((AdmittedUse) -> Void)?
    var actors = ActorTextsKept()
    private var spawn: (@escaping () async -> Void) -> Void = { _ in preconditionFailure("not started") }
    /// Keys that are being read anew.
    var renewing: [ExchangeKeyID: Promise<Void>] = [:]

    /// - Parameter turn: the node's.
    package init(
        ledger: Ledger, book: KeyBook, market: Market, feed: MarketFeed, times: ClockFeed, turn: BatchTurn,
        reactor: Reactor, batchPatience: Period = UseBatcher.batchPatience
    ) {
        (self.ledger, self.book, self.market, self.feed) = (ledger, book, market, feed)
        (self.times, self.turn, self.reactor) = (times, turn, reactor)
        self.batchPatience = batchPatience
        snapshots = KeySnapshots(book: book)
    }

    package func start(on worker: isolated Worker) {
        spawn = { body in worker.spawn(body) }
        feed.start(on: worker)
        worker.spawn { await self.run() }
    }

    /// What is in line is still decided.
    package func stop() {
        isStopping = true
        bell.wake()
    }

    /// The seal was closed: opened secrets go.
    package func forgetSecrets() { snapshots.forgetAll() }

    /// Decides one use. When this returns, it is committed to the trail.
    /// - Parameters:
    ///   - isReady: the exchange was asked already for what is slow, before the key's turn was taken.
    ///   - refuses: throws to refuse it beforehand, unrecorded, once it is understood.
    nonisolated(nonsending) func decide(
        _ request: UseRequest, isReady: Bool = false,
        unless refuses: (KeySnapshot, ReadUse) async throws -> Void = { _, _ in }
    ) async throws -> UseDecision {
        do {
            return try await decide(request, isReady: isReady, isLast: false, unless: refuses)
        } catch is PricesWanted {
            return try await decide(request, isReady: false, isLast: true, unless: refuses)
        }
    }

    private nonisolated(nonsending) func decide(
        _ request: UseRequest, isReady: Bool, isLast: Bool,
        unless refuses: (KeySnapshot, ReadUse) async throws -> Void
    ) async throws -> UseDecision {
        let pending = Pending(request, ledger.newID(), since: 0)
        pending.isLast = isLast
        try await prepare(pending, isReady: isReady)
        if let read = pending.read, let snapshot = try await recent(for: request) {
            try await refuses(snapshot, read)
            _ = judge(pending, by: snapshot, at: ledger.clock.now())
        }
        // An exchange's time, spent on its lists and prices, is not waiting for a place.
        pending.since = ledger.clock.monotonicNanoseconds()
        if let begun = request.context.begun, pending.since &- begun > UInt64(Self.useLimit.nanoseconds) {
            throw Self.late
        }
        let isCancel = pending.read?.meaning.operation == .cancel
        // What is refused is not put in line first.
        guard !isStopping, queue.add(pending, of: request.context.actor.principal, isCancel: isCancel)
        else { throw Self.overloaded }
        bell.wake()
        return try await pending.decision.get().get()
    }

    /// What the database kept waiting here does not go on as if it had just come.
    nonisolated(nonsending) func promptly<Result>(_ look: () async throws -> Result) async throws -> Result {
        let asked = ledger.clock.monotonicNanoseconds()
        let result = try await look()
        let waited = ledger.clock.monotonicNanoseconds() &- asked
        guard waited <= UInt64(batchPatience.nanoseconds) else { throw Self.stalled }
        return result
    }

    /// Reads what the request means, and what its orders are about, before it waits for a place in a batch.
    private nonisolated(nonsending) func prepare(_ pending: Pending, isReady: Bool) async throws {
        let request = pending.request
        let snapshot = try await permitted(request)
        let read = ReadUse(request, of: snapshot.usable, naming: ledger.entropy)
        (pending.read, pending.snapshot) = (read, snapshot)
        pending.prices =
            isReady
            ? snapshot.priceNeeds(snapshot.useFacts(request, read, market, at: ledger.clock.now()))
            : await refresh(read, of: snapshot, request)
    }

    /// - Returns: the prices that its policies, as they were last seen, ask for.
    nonisolated(nonsending) func refresh(
        _ read: ReadUse, of snapshot: KeySnapshot, _ request: UseRequest
    ) async -> PriceNeeds {
        guard snapshot.isExit(read.meaning), !read.meaning.orders.isEmpty else {
            return await look(read, of: snapshot, request)
        }
        let (looked, moment) = (Promise<PriceNeeds>(), Promise<Void>())
        spawn {
            looked.fulfil(await self.look(read, of: snapshot, request))
            moment.fulfil(())
        }
        let timer = reactor.schedule(afterNanoseconds: Self.exitPatience.nanoseconds) { moment.fulfil(()) }
        await moment.get()
        reactor.cancel(timer)
        let now = ledger.clock.now()
        if !looked.isFulfilled, snapshot.judge(request, read, market, at: now).isAllowed {
            return snapshot.priceNeeds(snapshot.useFacts(request, read, market, at: now))
        }
        return await looked.get()
    }

    private nonisolated(nonsending) func look(
        _ read: ReadUse, of snapshot: KeySnapshot, _ request: UseRequest
    ) async -> PriceNeeds {
        let key = snapshot.key
        // A cancel goes without: its window is the widest then.
        await times.know(
            ExchangeClocks.Place(key.exchange, key.environment), waits: read.meaning.operation != .cancel)
        guard !read.meaning.orders.isEmpty else { return PriceNeeds() }
        for other in snapshot.reachable(read.others) where !other.meaning.orders.isEmpty {
            _ = await refresh(snapshot, at: other.host) {
                snapshot.useFacts(request, as: other, market, at: ledger.clock.now())
            }
        }
        return await refresh(snapshot, at: request.incoming.host) {
            snapshot.useFacts(request, read, market, at: ledger.clock.now())
        }
    }

    /// What a host lists, and then the prices that orders there need.
    private nonisolated(nonsending) func refresh(
        _ snapshot: KeySnapshot, at host: String, facts: () -> UseFacts
    ) async -> PriceNeeds {
        let place = MarketPlace(snapshot.key.exchange, snapshot.key.environment, host: host)
        await feed.refresh(place)
        let facts = facts()
        let needs = snapshot.priceNeeds(facts)
        if !needs.isEmpty { await feed.prices.refresh(place, needs, facts.instruments) }
        return needs
    }

    /// Its policies have changed meanwhile, and ask for prices that nobody has looked for.
    struct PricesWanted: Error {}

    private static var overloaded: Problem {
        Problem(
            .overloaded, "Too many uses of keys wait for the database. Nothing was done.",
            headers: [(.retryAfter, "1")])
    }

    private func run() async {
        while !(isStopping && queue.isEmpty) {
            if queue.isEmpty { await bell.wait() }
            if queue.isEmpty { continue }
            await turn.take(on: reactor)
            let batch = nextBatch()
            if !batch.isEmpty { await carryOut(watching: batch) }
            turn.giveBack()
        }
    }

    /// Who waits for a database that says nothing is told so, again and again while it says nothing, and may
    /// try what is done without it.
    private func carryOut(watching batch: [Pending]) async {
        var timer: TimerID?
        func watch(_ period: Period) {
            timer = reactor.schedule(afterNanoseconds: period.nanoseconds) { [self] in
                for pending in batch { pending.giveUp() }
                for pending in queue.all where isOverdue(pending) { pending.giveUp() }
                watch(.milliseconds(500))
            }
        }
        watch(batchPatience)
        await carryOut(batch)
        if let timer { reactor.cancel(timer) }
    }

    private func isOverdue(_ pending: Pending) -> Bool {
        ledger.clock.monotonicNanoseconds() &- pending.since > UInt64(Self.waitLimit.nanoseconds)
    }

    private func nextBatch() -> [Pending] {
        var batch: [Pending] = []
        for pending in queue.take(Self.batchLimit) where !pending.isGivenUp {
            if isOverdue(pending) {
                pending.decision.fulfil(.failure(Self.overloaded))
            } else {
                batch.append(pending)
            }
        }
        return batch
    }

    /// A batch that fails is rolled back, and its requests run one by one: whoever made it fail fails alone.
    private func carryOut(_ batch: [Pending]) async {
        do {
            try await UseBatch(batch, of: self).run()
        } catch let repeated as UseBatch.Repeated {
            fail(batch.filter { $0.usage == repeated.usage }, repeated.problem)
            let others = batch.filter { $0.usage != repeated.usage }
            if !others.isEmpty { await carryOut(others) }
        } catch PostgresError.commitUnknown {
            // What may have been committed is not used: its signatures were never made.
            fail(batch, Self.commitUnknown)
        } catch  where batch.count > 1 && Self.isOfOne(error) {
            for pending in batch where !pending.isGivenUp { await carryOut([pending]) }
        } catch {
            fail(batch, error)
        }
    }

    /// Without a database that takes writes, nothing comes of trying each.
    private static func isOfOne(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError else { return !(error is Problem) }
        if case .server = error { return error.writeRefusal == nil }
        return false
    }

    /// An overload, which nobody asks again about by themselves.
    static var stalled: Problem {
        Problem(
            .overloaded, "The database does not answer just now. Nothing was signed or sent.",
            headers: [(.retryAfter, "1")])
    }

    private static var late: Problem {
        Problem(
            .overloaded, "It took more than ten seconds to decide. Nothing was signed or sent.",
            headers: [(.retryAfter, "1")])
    }

    private static var commitUnknown: Problem {
        Problem(
            .overloaded, "The database went away while this was recorded. Nothing was signed or sent.",
            headers: [(.retryAfter, "1")])
    }

    private func fail(_ batch: [Pending], _ error: any Error) {
        for pending in batch { pending.decision.fulfil(.failure(error)) }
    }
}
