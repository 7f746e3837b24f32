import Access
package import EventLoop
package import Events
import Exchanges
import JSON
import Kernel
import Keys
import Postgres

/// What became of what was sent, written behind the answer, many at once. What is lost on the way there is
/// found by `UsageJobs` as `unknown`.
package final class OutcomeBook {
    struct Entry {
        let usage: UsageID
        let key: ExchangeKeyID
        let at: Timestamp
        let outcome: UsageRecord.Outcome
        let status: Int?
        let code: String?
        let microseconds: Int64
        /// Counters that are given back what a definite refusal did not use up.
        var refunds: [Refund] = []

        /// What was charged for it in money did not happen.
        mutating func refund(_ use: AdmittedUse) {
            refunds = use.judgement.charges.filter { $0.count == .notional }.map { charge in
                Refund(of: charge, by: use.snapshot)
            }
        }
    }

    /// Addressed by what was charged: a policy that was published since may count something else there, and
    /// has its counters from nothing.
    struct Refund {
        let counter: CounterKey
        let amount: Int64
        let windowSeconds: Int64
        let policyOwner: String
        let policyVersion: Int

        init(of charge: LimitCharge, by snapshot: KeySnapshot) {
            (counter, amount) = (snapshot.counter(charge), charge.amount)
            windowSeconds = charge.windowSeconds
            (policyOwner, policyVersion) = (snapshot.row(of: charge.policy.owner), charge.policy.version)
        }
    }

    private static let batchLimit = 512
    private static let waitingAtMost = 65_536
    /// Nobody waits for an outcome: so long others may join it.
    private static let gathersFor: Period = .milliseconds(10)

    private let ledger: Ledger
    private let reactor: Reactor
    private var waiting: [Entry] = []
    private let bell = Wakeup()
    private var isStopping = false

    package init(ledger: Ledger, reactor: Reactor) { (self.ledger, self.reactor) = (ledger, reactor) }

    package func start(on worker: isolated Worker) {
        worker.spawn { await self.run() }
    }

    package func stop() {
        isStopping = true
        bell.wake()
    }

    /// Of what was admitted, and neither signed nor sent.
    package func noteUnsent(_ use: AdmittedUse) {
        var entry = Entry(
            usage: use.usage, key: use.key.key.id, at: use.at, outcome: .unsent, status: nil, code: nil,
            microseconds: 0)
        entry.refund(use)
        note(entry)
    }

    /// Beyond all bounds, the oldest are left for the sweep.
    func note(_ entry: Entry) {
        if waiting.count >= Self.waitingAtMost { waiting.removeFirst(waiting.count / 2) }
        waiting.append(entry)
        bell.wake()
    }

    private func run() async {
        while !(isStopping && waiting.isEmpty) {
            if waiting.isEmpty { await bell.wait() }
            if waiting.count < Self.batchLimit, !isStopping {
                await reactor.sleep(nanoseconds: Self.gathersFor.nanoseconds)
            }
            let batch = Array(waiting.prefix(Self.batchLimit))
            guard !batch.isEmpty else { continue }
            if await write(batch) {
                waiting.removeFirst(batch.count)
            } else {
                if isStopping { return }
                await reactor.sleep(nanoseconds: 250_000_000)
            }
        }
    }

    /// The next commit of a use would wait for this one's, and what is lost with the server is found again.
    /// And rows are found by the index, whatever the planner believes: a plan that was made while the month's
    /// partition was empty reads all of it, until somebody analyses it.
    private static let settings = Statement(
        "usage_outcomes_settings",
        """
        select set_config(name, 'off', true)
        from unnest(array['synchronous_commit', 'enable_seqscan', 'enable_hashjoin',
            'enable_mergejoin']) as name
        """)
    private static let write = Statement(
        "usage_outcomes",
        """
        update usage_event u set outcome = d.outcome, http_status = d.status, code = d.code,
            microseconds = d.microseconds, answered_at = $7
        from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::bigint[], $5::text[], $6::bigint[],
                $8::text[])
            as d (id, at, outcome, status, code, microseconds, subject)
        where u.subject = d.subject and u.at = d.at and u.id = d.id
            and (u.outcome = 'authorised' or u.outcome = 'unknown' and d.outcome <> 'unknown'
                or u.outcome = 'signed' and d.outcome = 'not_sent')
        returning u.id
        """)
    private static let refund = Statement(
        "limit_counters_refund",
        """
        update limit_counter c set used = greatest(c.used - d.amount, 0)
        from (select owner, clause, window_start, sum(amount)::bigint as amount
            from unnest($1::text[], $2::integer[], $3::timestamptz[], $4::bigint[], $5::text[],
                    $6::integer[])
                as r (owner, clause, window_start, amount, policy, version)
            where not exists (
                select from policy p where p.owner = r.policy and p.version > r.version)
            group by owner, clause, window_start order by owner, clause) as d
        where c.owner = d.owner and c.clause = d.clause and c.window_start = d.window_start
        """)

    private nonisolated(nonsending) func write(_ batch: [Entry]) async -> Bool {
        do {
            try await ledger.database.transaction(retries: 3) { transaction in
                let set = transaction.send(Self.settings, [])
                let written = transaction.send(
                    Self.write,
                    [
                        .idArray(batch.map(\.usage)), .timestampArray(batch.map(\.at)),
                        .textArray(batch.map(\.outcome.rawValue)),
                        .optionalInt64Array(batch.map { $0.status.map(Int64.init) }),
                        .optionalTextArray(batch.map(\.code)),
                        .int64Array(batch.map(\.microseconds)), .timestamp(ledger.clock.now()),
                        .textArray(batch.map(\.key.description)),
                    ])
                // A batch whose commit was not heard of is written again: its refunds were given already.
                let fresh = Set(try await written.rows().map { $0.id(0) as UsageID })
                let refunds = batch.filter { fresh.contains($0.usage) }.flatMap { entry in
                    entry.refunds.map { refund in
                        (refund, LimitCounters.windowStart(seconds: refund.windowSeconds, at: entry.at))
                    }
                }
                if !refunds.isEmpty {
                    try await transaction.query(
                        Self.refund, .textArray(refunds.map(\.0.counter.owner)),
                        .int32Array(refunds.map { Int32($0.0.counter.clause) }),
                        .timestampArray(refunds.map(\.1)), .int64Array(refunds.map(\.0.amount)),
                        .textArray(refunds.map(\.0.policyOwner)),
                        .int32Array(refunds.map { Int32($0.0.policyVersion) }))
                }
                try await set.rows()
            }
            return true
        } catch {
            return false
        }
    }
}
