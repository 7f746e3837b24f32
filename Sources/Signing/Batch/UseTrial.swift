import Access
import EventLoop
import Events
import Exchanges
import HTTPServer
import Kernel
import Keys
import Postgres

/// What would be said of a use now.
struct UseTrial {
    let key: KeyFacts
    let target: Target
    let kind: Exchange.CredentialKind
    let draft: RequestDraft?
    let judgement: PolicyJudgement
    /// Whether the exchange would take the numbers of its orders.
    let numbers: [InstrumentVerdict]
    let at: Timestamp
}

extension UseBatcher {
    private static let epoch = Statement("use_trial_epoch", "select epoch from authority")

    private var vital: Link { ledger.database.vital }

    /// The key, for whoever may use it so, before anybody is asked for what its use needs.
    nonisolated(nonsending) func permitted(_ asked: UseRequest) async throws -> KeySnapshot {
        if let last = snapshots.latest(asked.key), asked.isPermitted(on: last) { return last }
        // Its tags may be others by now, so whoever is refused is refused by what it is.
        try await promptly { try await acquaint(asked) }
        guard let snapshot = snapshots.latest(asked.key) else { throw Problem.notFound("key") }
        try asked.check(on: snapshot)
        return snapshot
    }

    /// Reads a key outside of any transaction: to know what it is, not to act by it.
    private nonisolated(nonsending) func acquaint(_ asked: UseRequest) async throws {
        guard try await !load(asked.key).isEmpty else { return }
        // That somebody changed it is told to nobody who may not know of it.
        if !asked.context.may(asked.way.permission) {
            let id = asked.key.description
            let target = try await KeyTargets.source.find([id], vital)[id]
            try target.map { try asked.context.require(asked.way.permission, on: $0) }
        }
        throw KeyBook.tampered(asked.key)
    }

    private nonisolated(nonsending) func load(_ id: ExchangeKeyID) async throws -> [UnusableKey] {
        let epoch = try await vital.query(Self.epoch).first?.int64(0) ?? 0
        return try await snapshots.load([id], at: epoch, in: vital)
    }

    /// No older than what this loop has seen, nor than what the caller was let in by: the key may have been
    /// switched, or sent from another address, a moment ago. Nil where it cannot be used; the batch says why.
    nonisolated(nonsending) func recent(for asked: UseRequest) async throws -> KeySnapshot? {
        let (key, epoch) = (asked.key, max(asked.context.epoch ?? 0, snapshots.epoch))
        if let last = snapshots.latest(key, at: epoch) { return last }
        return try await promptly { try await renewed(key, at: epoch) }
    }

    private nonisolated(nonsending) func renewed(
        _ key: ExchangeKeyID, at epoch: Int64
    ) async throws -> KeySnapshot? {
        // All that come after a change of authority need the same reading.
        if let other = renewing[key] {
            await other.get()
            if let last = snapshots.latest(key, at: epoch) { return last }
        }
        let done = Promise<Void>()
        renewing[key] = done
        defer {
            if renewing[key] === done { renewing[key] = nil }
            done.fulfil(())
        }
        try await snapshots.follow(to: epoch, in: vital)
        if let last = snapshots.latest(key, at: epoch) { return last }
        _ = try await load(key)
        return snapshots.latest(key)
    }

    /// The same questions as of a use, asked without a lock: nothing moves, and nothing is recorded.
    nonisolated(nonsending) func trial(of request: UseRequest) async throws -> UseTrial {
        let now = ledger.clock.now()
        try await promptly { try await acquaint(request) }
        guard let snapshot = snapshots.latest(request.key) else { throw Problem.notFound("key") }
        try request.check(on: snapshot)
        let read = ReadUse(request, of: snapshot.usable, naming: ledger.entropy)
        _ = await refresh(read, of: snapshot, request)
        var judgement = snapshot.judge(request, read, market, at: now)
        if !judgement.charges.isEmpty {
            let rows = try await vital.query(LimitCounters.read, .textArray(snapshot.counterOwners))
            snapshot.count(
                LimitCounters(rows, at: rows.first?.timestamp(4) ?? now), in: &judgement)
        }
        return UseTrial(
            key: snapshot.facts, target: snapshot.target, kind: snapshot.usable.credential?.kind ?? .hmac,
            draft: read.draft,
            judgement: judgement,
            numbers: InstrumentVerdict.all(of: snapshot.useFacts(request, read, market, at: now)),
            at: now)
    }
}
