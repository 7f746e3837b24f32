import Access
package import EventLoop
package import Events
import Kernel
import Postgres

/// Writes the chunks of all uploads of one worker, a few at a time, so that uploads never take the whole pool
/// of transactions. A chunk is complete before its transaction begins: no transaction waits for a client.
package final class CandleWriter {
    /// Of the worker's four connections for transactions.
    static let lanes = 2
    /// A chunk that loses a conflict, or waits too long for a series' lock, is tried again.
    static let attempts = 4

    /// Chunks that are written in one transaction.
    final class Work {
        let chunks: [CandleChunk]
        let source: String
        let context: Context
        /// Nothing is stored when a row is refused.
        let isStrict: Bool
        private(set) var finished: Result<ChunkWrite.Result, any Error>?
        private let done = Promise<Void>()

        init(_ chunks: [CandleChunk], source: String, context: Context, isStrict: Bool) {
            (self.chunks, self.source, self.context, self.isStrict) = (chunks, source, context, isStrict)
        }

        func finish(_ outcome: Result<ChunkWrite.Result, any Error>) {
            finished = outcome
            done.fulfil(())
        }

        nonisolated(nonsending) func outcome() async -> Result<ChunkWrite.Result, any Error> {
            await done.get()
            return finished ?? .failure(PostgresError.unavailable)
        }
    }

    /// A row was refused while everything was to be stored or nothing.
    struct Refused: Error {
        let errors: [RowError]
    }

    /// What else follows from candles that have just closed, in their own transaction.
    package typealias Reaction = nonisolated(nonsending) ([ClosedCandle], Change) async throws -> Void

    private let ledger: Ledger
    private let reaction: Reaction
    private var waiting: [Work] = []
    private var idle: [Wakeup] = []
    private var isStopped = false
    /// Told of series whose candles changed, after their commit; and whether more of the same will follow.
    var onChange: ((_ series: [Int], _ isBulk: Bool) -> Void)?

    package init(ledger: Ledger, onClosed reaction: @escaping Reaction = { _, _ in }) {
        (self.ledger, self.reaction) = (ledger, reaction)
    }

    package func start(on worker: isolated Worker) {
        for _ in 0..<Self.lanes {
            worker.spawn { await self.work() }
        }
    }

    /// What waits is refused; what is under way finishes.
    package func stop() {
        isStopped = true
        for work in waiting { work.finish(.failure(PostgresError.unavailable)) }
        waiting = []
        for bell in idle { bell.wake() }
    }

    func submit(_ work: Work) {
        guard !isStopped else { return work.finish(.failure(PostgresError.unavailable)) }
        waiting.append(work)
        idle.popLast()?.wake()
    }

    private nonisolated(nonsending) func work() async {
        let bell = Wakeup()
        while !isStopped {
            guard !waiting.isEmpty else {
                idle.append(bell)
                await bell.wait()
                continue
            }
            let work = waiting.removeFirst()
            work.finish(await write(work))
        }
    }

    private nonisolated(nonsending) func write(_ work: Work) async -> Result<ChunkWrite.Result, any Error> {
        do {
            return .success(
                try await PostgresError.persisting(attempts: Self.attempts) { try await attempt(work) })
        } catch {
            return .failure(error)
        }
    }

    private nonisolated(nonsending) func attempt(_ work: Work) async throws -> ChunkWrite.Result {
        let ledger = ledger
        let write = ChunkWrite(
            tickers: TickerStore(ids: { ledger.newID() }), clock: ledger.clock, source: work.source)
        var context = work.context
        context.now = ledger.clock.now()
        let result = try await ledger.change(context) { change in
            var total = ChunkWrite.Result()
            for chunk in work.chunks {
                total += try await write.run(chunk, in: change)
            }
            if work.isStrict && !total.refused.isEmpty { throw Refused(errors: total.refused) }
            if !total.justClosed.isEmpty { try await reaction(total.justClosed, change) }
            return total
        }
        let isBulk = work.chunks.last?.isFull ?? false
        if !result.changed.isEmpty { onChange?(result.changed, isBulk) }
        return result
    }
}

extension ChunkWrite.Result {
    static func += (a: inout Self, b: Self) {
        a.counts += b.counts
        a.refused += b.refused
        a.series.formUnion(b.series)
        a.changed += b.changed
        a.justClosed += b.justClosed
    }
}
