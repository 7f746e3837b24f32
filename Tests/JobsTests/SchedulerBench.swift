import Access
import EventLoop
import Events
import JSON
import Kernel
import Postgres
import Synchronization
import TestSupport

@testable import Jobs

/// A clock that a test moves.
final class MovedClock: Sendable {
    private let time = Mutex(Timestamp.testStart)

    var now: Timestamp { time.withLock { $0 } }
    func move(_ step: Period) { time.withLock { $0 = $0 + step } }
    var clock: Clock { Clock(now: { self.now }, monotonicNanoseconds: Clock.system.monotonicNanoseconds) }
}

/// Schedulers of several nodes on one database, all in one loop.
final class SchedulerBench {
    let database: Database
    let time = MovedClock()
    let reactor: Reactor
    let ledger: Ledger
    let book: RunBook

    init(_ database: Database, on worker: isolated Worker) {
        self.database = database
        reactor = worker.reactor
        ledger = Ledger(database: database, clock: time.clock, entropy: .system)
        book = RunBook(database, books: ledger, clock: time.clock, entropy: .system)
    }

    func scheduler(
        _ jobs: [Job], node: UInt64 = 1, isPaused: @escaping () -> Bool = { false }
    ) -> Scheduler {
        Scheduler(
            jobs, book: book, node: NodeID(UUID(high: node, low: node)), clock: time.clock, reactor: reactor,
            log: .silent, isPaused: isPaused)
    }

    /// Waits until `condition` holds; a test that waits for ever is ended by its own time limit.
    func until(_ condition: nonisolated(nonsending) () async throws -> Bool) async throws {
        while try await !condition() { await reactor.sleep(nanoseconds: 2_000_000) }
    }

    func runs(_ job: String) async throws -> [RunRecord] {
        try await book.runs.list(job, outcome: nil, after: nil, limit: 100)
    }

    func finishedRuns(_ job: String) async throws -> [RunRecord] {
        try await runs(job).filter { $0.outcome != .running }
    }

    /// What `job.failed` events say, oldest first.
    func failures() async throws -> [JSONValue] {
        let events = Statement(
            "failures", "select data from event where type = 'job.failed' order by xid, id")
        return try await database.query(events).map { try JSONValue.parse($0.json(0)) }
    }
}
