import Access
import Kernel
import Keys
import Postgres

/// Snapshots of one worker. Each is good until a change of authority touches its key, or what all keys stand
/// under: policies, prices.
final class KeySnapshots {
    /// Opened secrets stand in locked memory, of which there is little.
    static let capacity = 500

    private struct Known {
        let snapshot: KeySnapshot
        /// At which it is known to hold.
        let epoch: Int64
    }

    private let book: KeyBook
    private let policies: PolicyStore
    private var known: RecentlyUsed<ExchangeKeyID, Known> = RecentlyUsed(capacity: capacity)
    private var prices: (standing: PriceStanding, epoch: Int64)?
    private let deltas = AuthorityDeltas()
    /// The newest that was seen.
    private(set) var epoch: Int64 = 0

    init(book: KeyBook) {
        self.book = book
        policies = PolicyStore(book: book)
    }

    /// Nil when none is known to hold at the newest epoch that was seen.
    func current(_ id: ExchangeKeyID) -> KeySnapshot? { latest(id, at: epoch) }

    /// Nil when none is known to hold at that epoch.
    func latest(_ id: ExchangeKeyID, at epoch: Int64) -> KeySnapshot? {
        guard let one = known.use(id) else { return nil }
        if one.epoch >= epoch { return one.snapshot }
        guard deltas.epoch >= epoch, deltas.hold([.key(id), .uses], since: one.epoch) else { return nil }
        known.set(id, Known(snapshot: one.snapshot, epoch: deltas.epoch))
        return one.snapshot
    }

    /// For whoever only asks: a newer epoch may have been seen since it was read.
    func latest(_ id: ExchangeKeyID) -> KeySnapshot? { known.use(id)?.snapshot }

    /// Of an epoch that nobody can have passed meanwhile. One older than what was seen is of a database that
    /// was restored, or of a standby that took over without the newest: what was read of its future never
    /// happened.
    /// - Returns: whether it was one.
    @discardableResult func goBack(to epoch: Int64) -> Bool {
        guard epoch < self.epoch else { return false }
        forgetAll()
        prices = nil
        deltas.goBack(to: epoch)
        self.epoch = epoch
        return true
    }

    /// Learns what was touched until that epoch: one statement, and only when it is a newer one.
    nonisolated(nonsending) func follow(to epoch: Int64, in source: any Queryable) async throws {
        self.epoch = max(self.epoch, epoch)
        try await deltas.advance(to: epoch, in: source)
    }

    /// Whether nothing that was read of changes since that epoch is about who may do something.
    func leaveCallers(since epoch: Int64) -> Bool { deltas.hold(butFor: \.isOfNobody, since: epoch) }

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
        deltas.begin(from: epoch)
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
            if let snapshot = fresh[id] {
                known.set(id, Known(snapshot: snapshot, epoch: epoch))
            } else {
                known.remove(id)
            }
        }
        self.epoch = max(self.epoch, epoch)
        return unusable
    }

    private nonisolated(nonsending) func standing(
        at epoch: Int64, in source: any Queryable
    ) async throws -> PriceStanding {
        if let prices, holds(prices.epoch, at: epoch) { return prices.standing }
        let standing = try await PriceStanding.read(in: source)
        prices = (standing, epoch)
        return standing
    }

    /// Whether prices that were read at `moment` stand as they did.
    private func holds(_ moment: Int64, at epoch: Int64) -> Bool {
        moment == epoch
            || moment < epoch && deltas.epoch >= epoch && deltas.hold(CollectionOfOne(.uses), since: moment)
    }
}
