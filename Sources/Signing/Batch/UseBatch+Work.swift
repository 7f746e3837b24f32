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
        private var counters = LimitCounters([:], at: Timestamp(microseconds: 0))
        private var judged: [UsageID: Judged] = [:]
        private var decisions: [(pending: UseBatcher.Pending, decision: Result<UseDecision, any Error>)] = []
        private var records: [UsageRecord] = []
        /// Bait that was used.
        private var touches: [Event] = []
        private var effects: [() -> Void] = []
        private(set) var unusable: [UnusableKey] = []

        private struct Judged {
            let snapshot: KeySnapshot
            let read: ReadUse
            let facts: UseFacts
            var judgement: PolicyJudgement
        }

        init(_ owner: UseBatcher, at now: Timestamp) { (self.owner, self.now) = (owner, now) }

        mutating func note(_ unusable: [UnusableKey]) { self.unusable = unusable }

        mutating func begin(_ counters: LimitCounters) { self.counters = counters }
    }
}

extension UseBatch.Work {
    /// By everything but the counters.
    mutating func judge(_ pending: UseBatcher.Pending) {
        guard let snapshot = owner.snapshots.current(pending.request.key) else {
            let isTampered = unusable.contains { $0.id == pending.request.key }
            let problem = isTampered ? KeyBook.tampered(pending.request.key) : .notFound("key")
            return decisions.append((pending, .failure(problem)))
        }
        let read =
            pending.read
            ?? ReadUse(
                pending.request, at: snapshot.key.exchange, naming: owner.ledger.entropy)
        pending.read = read
        let needs = snapshot.priceNeeds(pending.request, read, owner.market, at: now).needs
        guard pending.isLast || needs.isCovered(by: pending.prices) else {
            return decisions.append((pending, .failure(UseBatcher.PricesWanted())))
        }
        let (facts, judgement) = snapshot.judge(pending.request, read, owner.market, at: now)
        judged[pending.usage] = Judged(
            snapshot: snapshot, read: read, facts: facts, judgement: judgement)
    }

    /// Counters that are needed and are nowhere yet.
    func missing() -> [CounterKey] {
        counters.missing(
            of: judged.values.flatMap { judged in
                judged.judgement.charges.map { judged.snapshot.counter($0) }
                    + (judged.snapshot.key.exchange.wantsNonce ? [.nonce(of: judged.snapshot.key.id)] : [])
            })
    }

    /// In the order of arrival. What is denied consumes nothing.
    mutating func settle(_ pending: UseBatcher.Pending) {
        guard var judged = judged[pending.usage] else { return }
        let snapshot = judged.snapshot
        snapshot.count(counters, in: &judged.judgement)
        var nonce: UInt64?
        if judged.judgement.isAllowed {
            for charge in judged.judgement.charges {
                counters.charge(
                    snapshot.counter(charge), charge.amount, windowSeconds: charge.windowSeconds)
            }
            if snapshot.key.exchange.wantsNonce { nonce = counters.nextNonce(of: snapshot.key.id) }
        }
        if let touch = snapshot.usable.decoyTouched(pending.request.way.rawValue) {
            touches.append(
                Event(
                    id: owner.ledger.newID(), at: now, type: touch.type, subject: touch.subject,
                    actor: pending.request.context.actor, data: touch.data))
        }
        records.append(
            UsageRecord(
                id: pending.usage, at: now, key: judged.facts.key, request: pending.request,
                read: judged.read, judgement: judged.judgement, nonce: nonce))
        decisions.append(
            (pending, .success(decision(pending, judged.judgement, judged.read, snapshot, nonce))))
    }

    private func decision(
        _ pending: UseBatcher.Pending, _ judgement: PolicyJudgement, _ read: ReadUse,
        _ snapshot: KeySnapshot, _ nonce: UInt64?
    ) -> UseDecision {
        guard judgement.isAllowed, let draft = read.draft else {
            return .denied(
                DeniedUse(usage: pending.usage, key: KeyFacts(snapshot.key), judgement: judgement))
        }
        return .admitted(
            AdmittedUse(
                usage: pending.usage, key: snapshot.usable, draft: draft, meaning: read.meaning,
                judgement: judgement, clientOrderIDs: read.clientOrderIDs, at: now, nonce: nonce ?? 0,
                leave: Leave(by: owner.ledger.clock)))
    }

    nonisolated(nonsending) mutating func write(
        at head: LaneHead, in transaction: Transaction
    ) async throws {
        guard !records.isEmpty else { return }
        let events = records.map(\.event)
        let queries = [
            counters.write(in: transaction),
            head.append(records.map(\.item), at: now, in: transaction),
            UsageStore.insert(records, events, at: head.place, now: now, in: transaction),
        ]
        if !touches.isEmpty { try await EventStore.insert(touches, in: transaction) }
        effects = try await owner.ledger.react(to: events + touches, in: transaction)
        for query in queries { try await query?.rows() }
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
        for (pending, decision) in decisions { pending.decision.fulfil(decision) }
    }
}

extension UseFacts {
    init(
        _ request: UseRequest, _ read: ReadUse, of key: ExchangeKey, _ market: Market, at now: Timestamp
    ) {
        self.init(
            request.way, host: request.incoming.host, method: request.incoming.method,
            path: request.incoming.path, meaning: read.meaning, key: KeyFacts(key),
            caller: request.context.actor, at: now)
        guard !read.meaning.orders.isEmpty else { return }
        let place = MarketPlace(key.exchange, key.environment, host: request.incoming.host)
        let view = market.view(place, read.meaning.orders)
        (instruments, prices) = (view.instruments, view.prices)
        isClockUncertain = view.isClockUncertain
    }
}
