import Access
import Audit
import EventLoop
import Events
import Exchanges
import HTTPServer
import Kernel
import Keys
import Postgres

/// What a batch works out between its two flushes: pure, but for the snapshots it looks at.
extension UseBatch {
    struct Work {
        private let owner: UseBatcher
        private let now: Timestamp
        /// Begins before anything is asked of the database: a use that it kept waiting must not leave late.
        private let leave: Leave
        private var counters = LimitCounters([:], at: Timestamp(microseconds: 0))
        private var authority: Authority.State = (epoch: 0, configuration: 0)
        /// In the order of arrival.
        private var judged: [(pending: UseBatcher.Pending, use: JudgedUse)] = []
        private var decisions: [(pending: UseBatcher.Pending, decision: Result<UseDecision, any Error>)] = []
        private var records: [UsageRecord] = []
        /// Bait that was used.
        private var touches: [Event] = []
        private var effects: [() -> Void] = []
        private(set) var unusable: [UnusableKey] = []

        init(_ owner: UseBatcher, at now: Timestamp) {
            (self.owner, self.now) = (owner, now)
            leave = Leave(by: owner.ledger.clock)
        }

        mutating func begin(at authority: Authority.State, without unusable: [UnusableKey]) {
            (self.authority, self.unusable) = (authority, unusable)
        }

        mutating func hold(_ counters: LimitCounters) { self.counters = counters }
    }
}

extension UseBatch.Work {
    /// By what is known, while the database works: what waited for long is judged anew.
    func foresee(_ batch: [UseBatcher.Pending]) {
        for pending in batch {
            if let snapshot = owner.snapshots.current(pending.request.key) {
                _ = owner.judge(pending, by: snapshot, at: now)
            }
        }
    }

    mutating func judge(_ batch: [UseBatcher.Pending]) {
        for pending in batch { judge(pending) }
    }

    private mutating func judge(_ pending: UseBatcher.Pending) {
        // Whoever asked was told already.
        guard !pending.isGivenUp else { return decisions.append((pending, .failure(UseBatcher.stalled))) }
        guard pending.request.context.stands(at: authority.epoch) else {
            return decisions.append((pending, .failure(AuthorityMoved())))
        }
        // Not at the newest epoch that was seen: a caller may come with one that the database has lost.
        guard let snapshot = owner.snapshots.latest(pending.request.key, at: authority.epoch) else {
            let isTampered = unusable.contains { $0.id == pending.request.key }
            let problem = isTampered ? KeyBook.tampered(pending.request.key) : .notFound("key")
            return decisions.append((pending, .failure(problem)))
        }
        do throws(Problem) {
            try pending.request.check(on: snapshot)
        } catch {
            return decisions.append((pending, .failure(error)))
        }
        if pending.snapshot !== snapshot, lacksPrices(pending, snapshot) {
            return decisions.append((pending, .failure(UseBatcher.PricesWanted())))
        }
        judged.append((pending, owner.judge(pending, by: snapshot, at: now)))
    }

    /// Policies that were published since it came ask for prices that nobody has looked for.
    private func lacksPrices(_ pending: UseBatcher.Pending, _ snapshot: KeySnapshot) -> Bool {
        guard snapshot.asksPrices, !pending.isLast, let read = pending.read else { return false }
        let needs = snapshot.priceNeeds(snapshot.useFacts(pending.request, read, owner.market, at: now))
        return !needs.isCovered(by: pending.prices)
    }

    /// Counters that are needed and are nowhere yet.
    func missing() -> [CounterKey] { counters.missing(of: judged.lazy.flatMap(\.use.counters)) }

    mutating func settle() {
        for (pending, use) in judged { settle(pending, use) }
    }

    /// What is denied consumes nothing.
    private mutating func settle(_ pending: UseBatcher.Pending, _ use: JudgedUse) {
        let snapshot = use.snapshot
        var judgement = use.judgement
        let charges = judgement.charges
        // Whoever is refused is told every clause's verdict; of what passes nobody asks for them.
        var texts = use.texts
        var isAllowed = judgement.isAllowed && snapshot.fits(charges, in: counters)
        if !isAllowed {
            snapshot.count(counters, in: &judgement)
            // A limit that only reports denies nothing, and is told.
            (isAllowed, texts) = (judgement.isAllowed, nil)
        }
        var nonce: UInt64?
        if isAllowed {
            for charge in charges {
                counters.charge(
                    snapshot.counter(charge), charge.amount, windowSeconds: charge.windowSeconds)
            }
            if snapshot.wantsNonce { nonce = counters.nextNonce(of: snapshot.key.id) }
        }
        noteTouch(of: pending, snapshot)
        let record = UsageRecord(
            id: pending.usage, at: now, snapshot: snapshot, request: pending.request, read: use.read,
            judgement: judgement, nonce: nonce, isAllowed: isAllowed,
            texts: isAllowed && nonce == nil ? texts : nil)
        records.append(record)
        decisions.append((pending, .success(decision(on: record, of: pending))))
    }

    private mutating func noteTouch(of pending: UseBatcher.Pending, _ snapshot: KeySnapshot) {
        let request = pending.request
        guard let touch = snapshot.usable.decoyTouched(request.way.rawValue) else { return }
        touches.append(
            Event(
                id: owner.ledger.newID(), at: now, type: touch.type, subject: touch.subject,
                actor: request.context.actor, data: touch.data))
    }

    private func decision(on record: UsageRecord, of pending: UseBatcher.Pending) -> UseDecision {
        let snapshot = record.snapshot
        guard record.isAllowed, let draft = record.read.draft else {
            return .denied(
                DeniedUse(
                    usage: record.id, at: now, key: snapshot.facts, target: snapshot.target,
                    judgement: record.judgement))
        }
        return .admitted(
            AdmittedUse(
                record.id, snapshot, record.read, draft: draft, record.judgement, at: now,
                nonce: record.nonce, leave))
    }

    nonisolated(nonsending) mutating func write(
        at head: LaneHead, in transaction: Transaction
    ) async throws {
        guard !records.isEmpty else { return }
        let texts = records.map(\.texts)
        var queries = [
            counters.write(in: transaction), head.append(texts, at: now, in: transaction),
            UsageStore.insert(records, texts, at: head.place, now: now, in: transaction),
        ]
        if !touches.isEmpty { queries.append(EventStore.send(touches, in: transaction)) }
        do {
            effects = try await owner.ledger.react(to: events(texts) + touches, in: transaction)
            // The commit leaves with them.
            try await transaction.commit()
        } catch PostgresError.server(let failure) {
            // What failed first says why.
            for query in queries.compactMap(\.self) { try await query.rows() }
            throw PostgresError.server(failure)
        }
    }

    /// Those that some rule or receiver may want.
    private func events(_ texts: [UsageTexts]) -> [Event] {
        let wanted = [EventType.keyUsed, .keyUseDenied].filter {
            owner.ledger.isReactedTo($0, at: authority.configuration)
        }
        if wanted.isEmpty { return [] }
        return zip(records, texts).compactMap { record, texts in
            wanted.contains(record.type) ? record.event(texts.data) : nil
        }
    }

    var admitted: [UseBatcher.Pending] {
        decisions.compactMap { pending, decision in
            guard case .success(.admitted) = decision else { return nil }
            return pending
        }
    }

    /// After the commit.
    func tell() {
        for effect in effects { effect() }
        for (pending, decision) in decisions {
            if pending.isGivenUp, case .success(.admitted(let use)) = decision { owner.onGivenUp?(use) }
            pending.decision.fulfil(decision)
        }
    }
}

extension UseFacts {
    init(
        _ request: UseRequest, _ read: ReadUse, of key: KeyFacts, _ market: Market, at now: Timestamp
    ) {
        self.init(
            request.way, host: request.incoming.host, method: request.incoming.method,
            path: request.incoming.path, meaning: read.meaning, key: key,
            caller: request.context.actor, at: now)
        complete(request, market)
    }

    /// Of the same request as its signature fits elsewhere.
    init(
        _ request: UseRequest, as other: OtherReading, of key: KeyFacts, _ market: Market, at now: Timestamp
    ) {
        self.init(
            request.way, host: other.host, method: other.method.rawValue, path: other.path,
            meaning: other.meaning, key: key, caller: request.context.actor, at: now)
        complete(request, market)
    }

    private mutating func complete(_ request: UseRequest, _ market: Market) {
        isApproved = request.context.approval != nil
        guard !meaning.orders.isEmpty else { return }
        let view = market.view(MarketPlace(key.exchange, key.environment, host: host), meaning.orders)
        (instruments, prices) = (view.instruments, view.prices)
        (isClockUncertain, isListed) = (view.isClockUncertain, view.isListed)
        holdings = request.holdings
    }
}
