import Access
import Events
import Exchanges
import HTTPServer
import Kernel
import Keys
import Postgres

/// What would be said of a use now.
struct UseTrial {
    let key: KeyFacts
    let kind: Exchange.CredentialKind
    let draft: RequestDraft?
    let judgement: PolicyJudgement
    let at: Timestamp
}

extension UseBatcher {
    private static let owners = Statement("use_trial_epoch", "select epoch from authority")

    /// The same questions as of a use, asked without a lock: nothing moves, and nothing is recorded.
    nonisolated(nonsending) func trial(of request: UseRequest) async throws -> UseTrial {
        let now = ledger.clock.now()
        let epoch = try await ledger.database.query(Self.owners).first?.int64(0) ?? 0
        let unusable = try await snapshots.load([request.key], at: epoch, in: ledger.database)
        guard unusable.isEmpty else { throw KeyBook.tampered(request.key) }
        guard let snapshot = snapshots.current(request.key) else { throw Problem.notFound("key") }
        let read = ReadUse(request, at: snapshot.facts.exchange)
        let facts = UseFacts(request, read, of: snapshot.facts, market, at: now)
        var judgement = snapshot.policies.judge(facts)
        if let reason = SignMode.refusal(of: request.way, read, snapshot) {
            judgement.add(ClauseVerdict(.ways, .denied, reason: reason))
        }
        if !judgement.charges.isEmpty {
            let rows = try await ledger.database.query(
                LimitCounters.read, .textArray(snapshot.counterOwners))
            let counters = LimitCounters(rows, at: rows.first?.timestamp(4) ?? now)
            for charge in judgement.charges {
                let used = counters.used(snapshot.counter(charge), windowSeconds: charge.windowSeconds)
                judgement.add(.limit(charge, used: used))
            }
        }
        return UseTrial(
            key: facts.key, kind: snapshot.usable.credential?.kind ?? .hmac, draft: read.draft,
            judgement: judgement, at: now)
    }
}
