import Access
import Audit
import Events
import Exchanges
import HTTPServer
import Kernel
import Keys
import Postgres

/// One transaction for several uses, in two flushes. All that is read is read under the shared lock of
/// authority: no change of authority commits before this does.
struct UseBatch {
    private let batch: [UseBatcher.Pending]
    private let owner: UseBatcher
    private var ledger: Ledger { owner.ledger }
    private var snapshots: KeySnapshots { owner.snapshots }

    /// Something that the transaction cannot heal by itself; it is begun again.
    private enum Restart: Error {
        /// A snapshot was too old: its account or its policies may be others.
        case stale
        case missing([CounterKey])
    }

    /// Somebody repeats a request whose first one was just made.
    struct Repeated: Error {
        let usage: UsageID
        let problem: Problem
    }

    init(_ batch: [UseBatcher.Pending], of owner: UseBatcher) { (self.batch, self.owner) = (batch, owner) }

    nonisolated(nonsending) func run() async throws {
        var isPatient = false
        while true {
            do {
                return try await attempt(isPatient: isPatient)
            } catch Restart.stale {
                isPatient = true
            } catch Restart.missing(let counters) {
                // Whoever publishes a policy moves counters, and must not meet new ones on the way.
                try await ledger.database.transaction { transaction in
                    try await Authority.share(in: transaction)
                    _ = try await transaction.query(
                        LimitCounters.make, .textArray(counters.map(\.owner)),
                        .int32Array(counters.map { Int32($0.clause) }))
                }
            }
        }
    }

    /// - Parameter isPatient: reads the keys anew before it locks counters, at the price of a round trip;
    ///   what is read then cannot be stale.
    private nonisolated(nonsending) func attempt(isPatient: Bool) async throws {
        var work = Work(owner, at: ledger.clock.now())
        let ids = Array(Set(batch.map(\.request.key))).sorted()
        let isPatient = isPatient || ids.contains { snapshots.current($0) == nil }
        try await ledger.database.batch.transaction { transaction in
            let share = Authority.sendShare(in: transaction)
            let revisions = transaction.send(Self.revisions, [.idArray(ids)])
            var locks = isPatient ? nil : Locks(ids, snapshots, at: snapshots.epoch, transaction)
            if !isPatient { work.foresee(batch) }
            let authority = try Authority.state(try await share.state.rows())
            let unusable = try await refresh(
                ids, try await revisions.rows(), authority.epoch, isPatient: isPatient, transaction)
            work.begin(at: authority, without: unusable)
            if locks == nil { locks = Locks(ids, snapshots, at: authority.epoch, transaction) }
            guard let locks else { return }
            let (counters, head) = try await locks.held()
            work.hold(counters)
            work.judge(batch)
            let missing = work.missing()
            if !missing.isEmpty { throw Restart.missing(missing) }
            work.settle()
            try await claim(work.admitted, in: transaction)
            try await work.write(at: head, in: transaction)
        }
        work.tell()
        for found in snapshots.takeTamperings() {
            try? await found.tell(owner.ledger, batch[0].request.context)
        }
        // What is committed stays so, whether this can be told or not.
        for unusable in work.unusable { try? await owner.book.tell(unusable, batch[0].request.context) }
    }

    /// What carries an Idempotency-Key is admitted once. What is denied does nothing that could be repeated.
    private nonisolated(nonsending) func claim(
        _ admitted: [UseBatcher.Pending], in transaction: Transaction
    ) async throws {
        for pending in admitted where pending.request.context.idempotency != nil {
            let context = pending.request.context
            do {
                try await IdempotencyKeys.claim(context, in: transaction)
            } catch let problem as Problem {
                throw Repeated(usage: pending.usage, problem: problem)
            }
            try await IdempotencyKeys.complete(
                context, resource: pending.usage.description, in: transaction)
        }
    }

    private static let revisions = Statement(
        "use_revisions", "select id, revision, status from exchange_key where id = any ($1)")

    /// Snapshots that hold at this epoch, of rows as they are.
    private nonisolated(nonsending) func refresh(
        _ ids: [ExchangeKeyID], _ rows: Rows, _ epoch: Int64, isPatient: Bool, _ transaction: Transaction
    ) async throws -> [UnusableKey] {
        // Read under the lock: no change of authority commits before this does.
        snapshots.goBack(to: epoch)
        try await snapshots.follow(to: epoch, in: transaction)
        let stale = ids.filter { id in
            guard let snapshot = snapshots.latest(id, at: epoch) else { return true }
            return !rows.contains { row in
                row.id(0) == id && row.int64(1) == snapshot.key.revision
                    && row.text(2) == snapshot.key.status.rawValue
            }
        }
        guard !stale.isEmpty else { return [] }
        guard isPatient else { throw Restart.stale }
        return try await snapshots.load(stale, at: epoch, in: transaction)
    }

    /// Counters and the lane, locked in the order in which everybody locks them.
    private struct Locks {
        let counters: Postgres.Query
        let lane: Postgres.Query

        init(
            _ ids: [ExchangeKeyID], _ snapshots: KeySnapshots, at epoch: Int64, _ transaction: Transaction
        ) {
            let owners = Set(ids.flatMap { snapshots.latest($0, at: epoch)?.counterOwners ?? [] }).sorted()
            counters = transaction.send(LimitCounters.lock, [.textArray(owners)])
            lane = transaction.send(LaneHead.lock, [])
        }

        nonisolated(nonsending) func held() async throws -> (LimitCounters, LaneHead) {
            let rows = try await counters.rows()
            guard let head = LaneHead(try await lane.rows()) else { throw PostgresError.unavailable }
            return (LimitCounters(rows, at: head.clock), head)
        }
    }
}
