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
    /// Which prices count.
    let prices: PriceStanding
    let epoch: Int64
    // Asked for by every request, so worked out once.
    let facts: KeyFacts
    /// What scopes of grants see of the key.
    let target: Target
    /// The key's id as text.
    let name: String
    private let account: String?
    /// Whose counters its limits may charge, in any order; the key's own always, for its nonce.
    let counterOwners: [String]
    let wantsNonce: Bool
    /// By its own policy.
    let operations: Set<RequestOperation>
    let asksPrices: Bool

    init(usable: UsableKey, policies: PolicySet, prices: PriceStanding, epoch: Int64) {
        (self.usable, self.policies, self.prices, self.epoch) = (usable, policies, prices, epoch)
        asksPrices = policies.asksPrices
        (facts, target) = (KeyFacts(usable.key), usable.key.target)
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
        var judgement = policies.judge(useFacts(request, read, market, at: now))
        if let reason = SignMode.refusal(of: request.way, read, self) {
            judgement.add(ClauseVerdict(.ways, .denied, reason: reason))
        }
        return judgement
    }

    func useFacts(
        _ request: UseRequest, _ read: ReadUse, _ market: Market, at now: Timestamp
    ) -> UseFacts {
        var found = UseFacts(request, read, of: facts, market, at: now)
        prices.apply(to: &found)
        return found
    }

    /// What must be known of the market before it can be judged, and of which instruments.
    func priceNeeds(
        _ request: UseRequest, _ read: ReadUse, _ market: Market, at now: Timestamp
    ) -> (needs: PriceNeeds, instruments: [String: Instrument]) {
        guard asksPrices, !read.meaning.orders.isEmpty else { return (PriceNeeds(), [:]) }
        let facts = useFacts(request, read, market, at: now)
        return (policies.priceNeeds(facts, JudgedOrders(facts)), facts.instruments)
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
    private var prices: (standing: PriceStanding, epoch: Int64)?
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

    /// For whoever only asks: a newer epoch may have been seen since it was read.
    func latest(_ id: ExchangeKeyID) -> KeySnapshot? { known.use(id) }

    func note(epoch: Int64) { self.epoch = max(self.epoch, epoch) }

    /// Policies that were found changed past the service.
    func takeTamperings() -> Set<PolicyTampering> { policies.takeTamperings() }

    /// Opened secrets go with them.
    func forgetAll() { known = RecentlyUsed(capacity: Self.capacity) }

    /// Reads them anew. Within a transaction that shares the authority lock, they hold until its commit: what
    /// was read of an older epoch, or is being read, takes nothing away from it.
    /// - Returns: what cannot be used, because it was changed past the service.
    nonisolated(nonsending) func load(
        _ ids: [ExchangeKeyID], at epoch: Int64, in source: any Queryable
    ) async throws -> [UnusableKey] {
        var unusable: [UnusableKey] = []
        var usable: [UsableKey] = []
        for result in try await book.usableKeys(ids, in: source) {
            switch result {
            case .success(let key): usable.append(key)
            case .failure(let key): unusable.append(key)
            }
        }
        let sets = try await policies.inForce(for: usable, in: source)
        let standing = try await standing(at: epoch, in: source)
        var fresh: [ExchangeKeyID: KeySnapshot] = [:]
        for key in usable {
            fresh[key.key.id] = sets[key.key.id].map {
                KeySnapshot(usable: key, policies: $0, prices: standing, epoch: epoch)
            }
        }
        for id in ids where known.use(id).map({ $0.epoch <= epoch }) ?? true {
            if let snapshot = fresh[id] { known.set(id, snapshot) } else { known.remove(id) }
        }
        note(epoch: epoch)
        return unusable
    }

    private nonisolated(nonsending) func standing(
        at epoch: Int64, in source: any Queryable
    ) async throws -> PriceStanding {
        if let prices, prices.epoch == epoch { return prices.standing }
        let standing = try await PriceStanding.read(in: source)
        prices = (standing, epoch)
        return standing
    }
}
