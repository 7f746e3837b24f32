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
        private var authority: Authority.State = (epoch: 0, configuration: 0)
        /// What was judged before the database had answered: at the place in the batch.
        private var foreseen: [Judged?] = []
        /// In the order of arrival.
        private var judged: [Judged] = []
        private var decisions: [(pending: UseBatcher.Pending, decision: Result<UseDecision, any Error>)] = []
        private var records: [UsageRecord] = []
        /// Bait that was used.
        private var touches: [Event] = []
        private var effects: [() -> Void] = []
        private(set) var unusable: [UnusableKey] = []

        private final class Judged {
            let pending: UseBatcher.Pending
            let snapshot: KeySnapshot
            let read: ReadUse
            var judgement: PolicyJudgement

            init(
                _ pending: UseBatcher.Pending, _ snapshot: KeySnapshot, _ read: ReadUse,
                _ judgement: PolicyJudgement
            ) {
                (self.pending, self.snapshot, self.read) = (pending, snapshot, read)
                self.judgement = judgement
            }
        }

        init(_ owner: UseBatcher, at now: Timestamp) { (self.owner, self.now) = (owner, now) }

        mutating func begin(at authority: Authority.State, without unusable: [UnusableKey]) {
            (self.authority, self.unusable) = (authority, unusable)
        }

        mutating func hold(_ counters: LimitCounters) { self.counters = counters }
    }
}

extension UseBatch.Work {
    /// By everything but the counters, and by what is known: while the database works, this does.
    mutating func foresee(_ batch: [UseBatcher.Pending]) {
        foreseen = batch.map { pending in
            owner.snapshots.current(pending.request.key).map { judgement(of: pending, by: $0) }
        }
    }

    mutating func judge(_ batch: [UseBatcher.Pending]) {
        for (place, pending) in batch.enumerated() {
            judge(pending, foreseen.indices.contains(place) ? foreseen[place] : nil)
        }
    }

    private mutating func judge(_ pending: UseBatcher.Pending, _ foreseen: Judged?) {
        guard pending.request.context.stands(at: authority.epoch) else {
            return decisions.append((pending, .failure(AuthorityMoved())))
        }
        guard let snapshot = owner.snapshots.current(pending.request.key) else {
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
        if let foreseen, foreseen.snapshot === snapshot { return judged.append(foreseen) }
        judged.append(judgement(of: pending, by: snapshot))
    }

    /// Policies that were published since it came ask for prices that nobody has looked for.
    private func lacksPrices(_ pending: UseBatcher.Pending, _ snapshot: KeySnapshot) -> Bool {
        guard snapshot.asksPrices, !pending.isLast, let read = pending.read else { return false }
        let needs = snapshot.priceNeeds(snapshot.useFacts(pending.request, read, owner.market, at: now))
        return !needs.isCovered(by: pending.prices)
    }

    private func judgement(of pending: UseBatcher.Pending, by snapshot: KeySnapshot) -> Judged {
        let read =
            pending.read
            ?? ReadUse(pending.request, at: snapshot.facts.exchange, naming: owner.ledger.entropy)
        pending.read = read
        return Judged(pending, snapshot, read, snapshot.judge(pending.request, read, owner.market, at: now))
    }

    /// Counters that are needed and are nowhere yet.
    func missing() -> [CounterKey] {
        counters.missing(
            of: judged.lazy.flatMap { judged in
                judged.judgement.charges.map { judged.snapshot.counter($0) }
                    + (judged.snapshot.wantsNonce ? [.nonce(of: judged.snapshot.key.id)] : [])
            })
    }

    mutating func settle() {
        for judged in judged { settle(judged) }
    }

    /// What is denied consumes nothing.
    private mutating func settle(_ judged: Judged) {
        let (snapshot, charges) = (judged.snapshot, judged.judgement.charges)
        snapshot.count(counters, in: &judged.judgement)
        let isAllowed = judged.judgement.isAllowed
        var nonce: UInt64?
        if isAllowed {
            for charge in charges {
                counters.charge(
                    snapshot.counter(charge), charge.amount, windowSeconds: charge.windowSeconds)
            }
            if snapshot.wantsNonce { nonce = counters.nextNonce(of: snapshot.key.id) }
        }
        noteTouch(of: judged)
        records.append(
            UsageRecord(
                id: judged.pending.usage, at: now, snapshot: snapshot, request: judged.pending.request,
                read: judged.read, judgement: judged.judgement, nonce: nonce, isAllowed: isAllowed))
        decisions.append((judged.pending, .success(decision(judged, isAllowed: isAllowed, nonce))))
    }

    private mutating func noteTouch(of judged: Judged) {
        let request = judged.pending.request
        guard let touch = judged.snapshot.usable.decoyTouched(request.way.rawValue) else { return }
        touches.append(
            Event(
                id: owner.ledger.newID(), at: now, type: touch.type, subject: touch.subject,
                actor: request.context.actor, data: touch.data))
    }

    private func decision(_ judged: Judged, isAllowed: Bool, _ nonce: UInt64?) -> UseDecision {
        let usage = judged.pending.usage
        guard isAllowed, let draft = judged.read.draft else {
            return .denied(
                DeniedUse(
                    usage: usage, at: now, key: judged.snapshot.facts, target: judged.snapshot.target,
                    judgement: judged.judgement))
        }
        return .admitted(
            AdmittedUse(
                usage, judged.snapshot, judged.read, draft: draft, judged.judgement, at: now, nonce: nonce,
                Leave(by: owner.ledger.clock)))
    }

    nonisolated(nonsending) mutating func write(
        at head: LaneHead, in transaction: Transaction
    ) async throws {
        guard !records.isEmpty else { return }
        let data = records.map(\.data)
        let queries = [
            counters.write(in: transaction), head.append(records, at: now, in: transaction),
            UsageStore.insert(records, data, at: head.place, now: now, in: transaction),
        ]
        if !touches.isEmpty { try await EventStore.insert(touches, in: transaction) }
        effects = try await owner.ledger.react(to: events(data) + touches, in: transaction)
        try await Self.commit(queries.compactMap { $0 }, in: transaction)
    }

    /// The commit leaves with them. What fails makes it fail, too, and says why.
    private nonisolated(nonsending) static func commit(
        _ queries: [Postgres.Query], in transaction: Transaction
    ) async throws {
        do {
            try await transaction.commit()
        } catch PostgresError.server(let failure) {
            for query in queries { try await query.rows() }
            throw PostgresError.server(failure)
        }
    }

    /// Those that some rule or receiver may want.
    private func events(_ data: [[UInt8]]) -> [Event] {
        let wanted = [EventType.keyUsed, .keyUseDenied].filter {
            owner.ledger.isReactedTo($0, at: authority.configuration)
        }
        if wanted.isEmpty { return [] }
        return zip(records, data).compactMap { record, data in
            wanted.contains(record.type) ? record.event(data) : nil
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
        for (pending, decision) in decisions { pending.decision.fulfil(decision) }
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
