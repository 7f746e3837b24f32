package import Access
import HTTPServer
import JSON
package import Kernel
package import Postgres

/// Who may run what, and what became of it: the changes of jobs and runs, each in one transaction. A job's
/// row is locked before its run's.
package final class RunBook {
    /// Without a renewal for that long, a run counts as abandoned.
    package static let leaseLength: Period = .seconds(30)

    let jobs: JobStore
    let runs: RunStore
    private let books: any Books
    private let clock: Clock
    private let entropy: Entropy

    package init(_ database: Database, books: any Books, clock: Clock, entropy: Entropy) {
        jobs = JobStore(database)
        runs = RunStore(database)
        self.books = books
        self.clock = clock
        self.entropy = entropy
    }

    /// Takes the job for `node` if it is due and nobody else is at it; gives back the run to carry out.
    nonisolated(nonsending) func claim(_ job: Job, for node: NodeID) async throws -> JobRun? {
        let now = clock.now()
        let id = RunID(UUID(at: now, entropy: entropy))
        return try await books.enter(context(now, id)) { notes in
            guard let state = try await jobs.lock(job.name, in: notes.transaction) else { return nil }
            switch state.claim(at: now) {
            case nil: return nil
            case .abandon(let lost):
                try await end(job.name, lost, .abandoned, at: now, dueBy: now, notes)
                return nil
            case .runOnSchedule:
                try await runs.insert(
                    .begun(id, of: job.name, .schedule, by: nil, node: node, at: now), in: notes.transaction)
                return try await lease(job, id, to: node, state, at: now, notes)
            case .runByHand(let asked):
                try await runs.take(asked, node: node, at: now, in: notes.transaction)
                return try await lease(job, asked, to: node, state, at: now, notes)
            }
        }
    }

    private nonisolated(nonsending) func lease(
        _ job: Job, _ id: RunID, to node: NodeID, _ state: JobState, at now: Timestamp, _ notes: any Notes
    ) async throws -> JobRun {
        let next = Schedule.next(after: state.nextRunAt, every: job.every, now: now)
        let nextRunAt = state.phase == .idle ? next : state.nextRunAt
        try await jobs.lease(
            job.name, run: id, to: node, until: now + Self.leaseLength, nextRunAt: nextRunAt,
            in: notes.transaction)
        return JobRun(id: id, context: context(now, id))
    }

    /// A run that `context`'s caller wants now; a node takes it at its next look.
    package nonisolated(nonsending) func request(_ name: String, _ context: Context) async throws -> RunRecord
    {
        let run = RunRecord.begun(
            RunID(UUID(at: context.now, entropy: entropy)), of: name, .byHand,
            by: context.actor.principal?.description, node: nil, at: context.now)
        try await books.enter(context) { notes in
            let state = try await jobs.wait(name, at: context.now, in: notes.transaction)
            guard state.run == nil else { throw Problem(.conflict, "A run of this job is under way.") }
            try await runs.insert(run, in: notes.transaction)
            try await jobs.request(name, run: run.id, in: notes.transaction)
            notes.record("jobs.run", resource: run.id.description, detail: ["job": .string(name)])
        }
        return run
    }

    /// Records how a run ended, unless it was taken for abandoned meanwhile.
    nonisolated(nonsending) func end(_ name: String, _ id: RunID, _ ending: RunEnding) async throws {
        let now = clock.now()
        try await books.enter(context(now, id)) { notes in
            try await end(name, id, ending, at: now, dueBy: nil, notes)
        }
    }

    private nonisolated(nonsending) func end(
        _ name: String, _ id: RunID, _ ending: RunEnding, at now: Timestamp, dueBy: Timestamp?,
        _ notes: any Notes
    ) async throws {
        let transaction = notes.transaction
        guard try await jobs.free(name, run: id, dueBy: dueBy, in: transaction),
            let run = try await runs.finish(id, ending, at: now, in: transaction),
            ending.outcome != .succeeded
        else { return }
        let failures = try await runs.failures(name, in: transaction)
        notes.emit(
            "job.failed", subject: name,
            [
                "job": .string(name), "run_id": .string(id.description),
                "outcome": .string(ending.outcome.rawValue),
                "error": ending.error.map(JSONValue.string) ?? .null,
                "milliseconds": run.milliseconds.map { .number(JSONNumber($0)) } ?? .null,
                "failures": .number(JSONNumber(failures)),
            ])
    }

    private func context(_ now: Timestamp, _ run: RunID) -> Context {
        .installation(now: now, requestID: run.description)
    }
}

extension RunRecord {
    static func begun(
        _ id: RunID, of job: String, _ trigger: Trigger, by requester: String?, node: NodeID?,
        at now: Timestamp
    ) -> RunRecord {
        RunRecord(
            id: id, job: job, trigger: trigger, requestedBy: requester, node: node, startedAt: now,
            finishedAt: nil, outcome: .running, error: nil, result: Array("{}".utf8))
    }
}
