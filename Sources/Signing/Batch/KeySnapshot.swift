import Access
import Crypto
import Exchanges
import HTTPServer
import JSON
import Kernel
import Keys
import Postgres

/// A key with the policies over it, as they stood together at one epoch.
final class KeySnapshot: Sendable {
    let usable: UsableKey
    let policies: PolicySet
    let epoch: Int64
    // Asked for by every request, so worked out once.
    let facts: KeyFacts
    /// The key's id as text.
    let name: String
    private let account: String?
    /// Whose counters its limits may charge, in any order; the key's own always, for its nonce.
    let counterOwners: [String]
    let wantsNonce: Bool
    /// By its own policy.
    let operations: Set<RequestOperation>

    init(usable: UsableKey, policies: PolicySet, epoch: Int64) {
        (self.usable, self.policies, self.epoch) = (usable, policies, epoch)
        facts = KeyFacts(usable.key)
        name = usable.key.id.description
        account = usable.account?.description
        wantsNonce = usable.key.exchange.wantsNonce
        operations = Set(policies.key?.policy.operations ?? [])
        var owners = [name]
        if let account { owners.append(account) }
        if policies.desk?.policy.limits.isEmpty == false { owners.append(PolicyStore.desk) }
        counterOwners = owners
    }

    var key: ExchangeKey { usable.key }

    func counter(_ charge: LimitCharge) -> CounterKey {
        let owner =
            switch charge.of {
            case .key: name
            case .account: account ?? name
            case .desk: PolicyStore.desk
            }
        return CounterKey(owner: owner, clause: Int(charge.counter.number))
    }

    /// By everything but the counters.
    func judge(
        _ request: UseRequest, _ read: ReadUse, _ market: Market, at now: Timestamp
    ) -> PolicyJudgement {
        var judgement = policies.judge(UseFacts(request, read, of: facts, market, at: now))
        if let reason = SignMode.refusal(of: request.way, read, self) {
            judgement.add(ClauseVerdict(.ways, .denied, reason: reason))
        }
        return judgement
    }

    /// Adds the verdicts of limits, by what is used up.
    func count(_ counters: LimitCounters, in judgement: inout PolicyJudgement) {
        for charge in judgement.charges {
            let used = counters.used(counter(charge), windowSeconds: charge.windowSeconds)
            judgement.add(.limit(charge, used: used))
        }
    }
}

/// Snapshots of one worker, each of them good as long as its epoch is.
final class KeySnapshots {
    /// Opened secrets stand in locked memory, of which there is little.
    static let capacity = 500

    private let book: KeyBook
    private let policies: PolicyStore
    private var known: RecentlyUsed<ExchangeKeyID, KeySnapshot> = RecentlyUsed(capacity: capacity)
    private(set) var epoch: Int64 = 0

    init(book: KeyBook) {
        self.book = book
        policies = PolicyStore(book: book)
    }

    /// Nil when there is none of the newest epoch that was seen.
    func current(_ id: ExchangeKeyID) -> KeySnapshot? {
        guard let snapshot = known.use(id), snapshot.epoch == epoch else { return nil }
        return snapshot
    }

    /// As it was last seen: its exchange and environment never change, whatever the epoch.
    func known(_ id: ExchangeKeyID) -> ExchangeKey? { known.use(id)?.key }

    func note(epoch: Int64) { self.epoch = max(self.epoch, epoch) }

    /// Opened secrets go with them.
    func forgetAll() { known = RecentlyUsed(capacity: Self.capacity) }

    /// Reads them anew. Within a transaction that shares the authority lock, they hold until its commit.
    /// - Returns: what cannot be used, because it was changed past the service.
    nonisolated(nonsending) func load(
        _ ids: [ExchangeKeyID], at epoch: Int64, in source: any Queryable
    ) async throws -> [UnusableKey] {
        var unusable: [UnusableKey] = []
        var usable: [UsableKey] = []
        for id in ids { known.remove(id) }
        for result in try await book.usableKeys(ids, in: source) {
            switch result {
            case .success(let key): usable.append(key)
            case .failure(let key): unusable.append(key)
            }
        }
        let sets = try await policies.inForce(for: usable, in: source)
        for key in usable {
            guard let set = sets[key.key.id] else { continue }
            known.set(key.key.id, KeySnapshot(usable: key, policies: set, epoch: epoch))
        }
        note(epoch: epoch)
        return unusable
    }
}
