import Access
import Events
import HTTPServer
import JSON
package import Jobs
import Kernel
import Postgres

/// What time itself does to keys.
package struct KeyJobs {
    /// Keys of one transaction: some milliseconds of row locks.
    static let stepRows = 200

    /// Probes of one run, one after the other: exchanges count requests by the minute.
    static let probesAtMost = 60
    /// Requests of one run about keys to be deleted, likewise.
    private static let deletionsAtMost = 20
    /// How long a claimed probe may take before another node takes it.
    private static let claimLength: Period = .minutes(10)
    private static let claim = Statement(
        "key_probe_claim",
        """
        update key_probe set next_at = $2 where key = (
            select p.key from key_probe p join exchange_key k on k.id = p.key
            where p.next_at <= $1 and k.status in ('active', 'reduce_only', 'quarantined')
                and k.exchange <> all ($3)
            order by p.next_at, p.key limit 1 for no key update of p skip locked)
        returning key, (select exchange from exchange_key where id = key)
        """)

    private let ledger: Ledger
    private let book: KeyBook
    private let prober: KeyProber

    package init(book: KeyBook, prober: KeyProber) {
        (ledger, self.book, self.prober) = (book.ledger, book, prober)
    }

    package var jobs: [Job] {
        [
            Job(
                "rotation-due", "Tells of rotations that come near or are overdue.", every: .minutes(1)
            ) { run in try await announce(.rotation, run) },
            Job(
                "key-probe", "Asks exchanges what keys may do, often where its account's mode counts.",
                every: .minutes(1), run: probe),
            Job(
                "key-rotation", "Takes rotations on, opens planned ones, and tells of those that are stuck.",
                every: .minutes(1)
            ) { run in
                try await RotationSweep(book: book, driver: RotationDriver(book: book, prober: prober))
                    .carryOut(run)
            },
            Job(
                "key-exposure", "Opens rotations of keys whose secret somebody knew who has left.",
                every: .minutes(1)
            ) { run in try await RotationWishes(book: book).carryOut(run) },
            Job(
                "key-deletion",
                "Deletes revoked keys at exchanges that offer it, and looks whether keys are refused there.",
                every: .minutes(1), run: deletions),
            Job("key-expiry", "Tells of keys that lapse soon or have lapsed.", every: .minutes(1)) { run in
                try await announce(.expiry, run)
            },
        ]
    }

    /// In steps: each takes the longest waiting keys, writes their events and moves their next moment behind
    /// now, in one transaction. Keys that somebody else holds are skipped; their moment stays.
    private nonisolated(nonsending) func announce(_ notice: KeyNotice, _ run: JobRun) async throws
        -> JSONObject
    {
        var told: Int64 = 0
        var found = 0
        repeat {
            found = try await ledger.change(run.context) { change in
                let keys = try await notice.due(at: change.context.now, in: change.transaction)
                for key in keys {
                    guard let event = notice.event(of: key, at: change.context.now) else { continue }
                    change.emit(event)
                    told += 1
                }
                try await notice.moveOn(keys, after: change.context.now, in: change.transaction)
                return keys.count
            }
        } while found == Self.stepRows && !run.isOver
        var result = JSONObject()
        _ = result.append("events", .number(JSONNumber(told)))
        return result
    }

    /// What waits longest first, one request after the other; then what waits too long is told.
    private nonisolated(nonsending) func deletions(_ run: JobRun) async throws -> JSONObject {
        let deleter = KeyDeleter(book: book, prober: prober)
        var (worked, failed) = (0, 0)
        while worked + failed < Self.deletionsAtMost, !run.isOver, let claimed = try await deleter.claim() {
            do {
                let context = Context.installation(
                    now: ledger.clock.now(), requestID: run.context.requestID)
                try await deleter.work(claimed.deletion, claimed.step, context)
                worked += 1
            } catch is Problem {
                failed += 1
            }
        }
        var result = JSONObject()
        _ = result.append("requests", .number(JSONNumber(Int64(worked))))
        _ = result.append("failed", .number(JSONNumber(Int64(failed))))
        _ = result.append("events", .number(JSONNumber(try await tellOfStuckDeletions(run))))
        return result
    }

    /// Once a week each, for as long as there is no proof.
    private nonisolated(nonsending) func tellOfStuckDeletions(_ run: JobRun) async throws -> Int64 {
        var told: Int64 = 0
        var found = 0
        repeat {
            found = try await ledger.change(run.context) { change in
                let now = change.context.now
                let stuck = try await KeyDeletionStore.stuck(
                    at: now, limit: Self.stepRows, in: change.transaction)
                let keys = try await KeyStore.all(stuck.map(\.key), in: change.transaction)
                for deletion in stuck {
                    guard let key = keys[deletion.key] else { continue }
                    change.emit(key.deletionStuck(deletion, at: now))
                    told += 1
                }
                try await KeyDeletionStore.moveOn(stuck, after: now, in: change.transaction)
                return stuck.count
            }
        } while found == Self.stepRows && !run.isOver
        return told
    }

    /// A probe is claimed by moving its time on, so that no other node sends it too. One that fails leaves
    /// the others alone, and comes again when its claim has lapsed. An exchange that does not answer, or has
    /// enough for now, is left alone until the next run: its keys would hold up all others.
    private nonisolated(nonsending) func probe(_ run: JobRun) async throws -> JSONObject {
        var (probed, failed) = (0, 0)
        var resting: Set<String> = []
        while probed + failed < Self.probesAtMost, !run.isOver,
            let (key, exchange) = try await claim(besides: resting)
        {
            do {
                let context = Context.installation(
                    now: ledger.clock.now(), requestID: run.context.requestID)
                let (use, seen) = try await book.look(.verify, key, by: prober, context) { _, _ in [:] }
                if seen.outcome.wantsRest { resting.insert(exchange) }
                _ = try await book.learn(seen.outcome, from: use, accepting: nil, context)
                probed += 1
            } catch is Problem {
                failed += 1
            }
        }
        var result = JSONObject()
        _ = result.append("probed", .number(JSONNumber(Int64(probed))))
        _ = result.append("failed", .number(JSONNumber(Int64(failed))))
        return result
    }

    private nonisolated(nonsending) func claim(
        besides resting: Set<String>
    ) async throws -> (key: ExchangeKeyID, exchange: String)? {
        let now = ledger.clock.now()
        return try await ledger.database.transaction { transaction in
            try await transaction.query(
                Self.claim, .timestamp(now), .timestamp(now + Self.claimLength),
                .textArray(resting.sorted())
            ).first.map { ($0.id(0), $0.text(1)) }
        }
    }
}
