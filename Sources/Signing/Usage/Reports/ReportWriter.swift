import Access
package import EventLoop
package import Events
import HTTPServer
import Kernel
import Postgres

/// Writes the chunks of all uploads of reports of one worker, one at a time. A chunk is complete before its
/// transaction begins: no transaction waits for a client.
package final class ReportWriter {
    /// A chunk that loses a conflict, or waits too long for a lock, is tried again.
    private static let attempts = 4

    /// Chunks that are written in one transaction.
    final class Work {
        let chunks: [ReportChunk]
        let context: Context
        /// Nothing is stored when a line is refused.
        let isStrict: Bool
        private let done = Promise<Result<ReportVerdicts, any Error>>()

        init(_ chunks: [ReportChunk], _ context: Context, isStrict: Bool) {
            (self.chunks, self.context, self.isStrict) = (chunks, context, isStrict)
        }

        var isOver: Bool { done.isFulfilled }

        func finish(_ outcome: Result<ReportVerdicts, any Error>) { done.fulfil(outcome) }

        nonisolated(nonsending) func verdicts() async throws -> ReportVerdicts { try await done.get().get() }
    }

    /// A line was refused while everything was to be stored or nothing.
    struct Refused: Error {
        let verdicts: ReportVerdicts
    }

    private let ledger: Ledger
    private let reactor: Reactor
    private let bell = Wakeup()
    private var waiting: [Work] = []
    private var isStopped = false

    package init(ledger: Ledger, reactor: Reactor) { (self.ledger, self.reactor) = (ledger, reactor) }

    package func start(on worker: isolated Worker) {
        worker.spawn { await self.run() }
    }

    /// What waits is refused; what is under way finishes.
    package func stop() {
        isStopped = true
        for work in waiting { work.finish(.failure(PostgresError.unavailable)) }
        waiting = []
        bell.wake()
    }

    nonisolated(nonsending) func receive(_ request: Request, _ context: Context) async throws -> Response {
        try await UsageUpload(context, to: self, clock: ledger.clock, reactor: reactor).receive(request)
    }

    func submit(_ work: Work) {
        guard !isStopped else { return work.finish(.failure(PostgresError.unavailable)) }
        waiting.append(work)
        bell.wake()
    }

    private func run() async {
        while !isStopped {
            guard !waiting.isEmpty else {
                await bell.wait()
                continue
            }
            let work = waiting.removeFirst()
            work.finish(await write(work))
        }
    }

    private nonisolated(nonsending) func write(_ work: Work) async -> Result<ReportVerdicts, any Error> {
        do {
            return .success(
                try await PostgresError.persisting(attempts: Self.attempts) { try await attempt(work) })
        } catch {
            return .failure(error)
        }
    }

    private nonisolated(nonsending) func attempt(_ work: Work) async throws -> ReportVerdicts {
        guard let principal = work.context.actor.principal else {
            throw Problem.forbidden(missing: .usageWrite)
        }
        let write = ReportWrite(ledger: ledger, principal: principal)
        var context = work.context
        context.now = ledger.clock.now()
        return try await ledger.change(context) { change in
            var all = ReportVerdicts()
            for chunk in work.chunks { all += try await write.run(chunk, in: change) }
            if work.isStrict, !all.refusals.isEmpty { throw Refused(verdicts: all) }
            return all
        }
    }
}

extension ReportVerdicts {
    static func += (a: inout Self, b: Self) {
        a.inserted += b.inserted
        a.unchanged += b.unchanged
        a.refusals += b.refusals
    }
}
