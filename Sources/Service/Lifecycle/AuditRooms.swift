import Access
import Audit
import Crypto
import EventLoop
import Events
import Jobs
import Kernel
import Postgres

/// The trail on one worker: its checkpoints, its readers, and what ends its old parts.
struct AuditRooms {
    let operations: [Operation]
    let jobs: [Job]
    private let checkpointer: Checkpointer
    private let checkpoints: CheckpointStore

    init(_ shared: NodeShared, ledger: Ledger, reactor: Reactor) {
        let database = ledger.database
        checkpoints = CheckpointStore(database)
        let key = { [seal = shared.seal] in CheckpointKey(try seal.opened().checkpointKey) }
        checkpointer = Checkpointer(
            database, books: ledger, key: key, clock: shared.clock, entropy: shared.entropy,
            reactor: reactor, log: shared.log)
        let retention = AuditJobs.Retention(
            events: shared.settings.retention, audit: shared.settings.retention)
        jobs =
            AuditJobs(database, checkpointer: checkpointer, clock: shared.clock, retention: retention).jobs
        operations =
            AuditEndpoints(
                database, books: ledger, checkpointer: checkpointer, key: key, clock: shared.clock
            ).operations
    }

    func start(on worker: isolated Worker) { checkpointer.start(on: worker) }

    func stop() { checkpointer.stop() }

    /// After what a checkpoint must follow soon.
    var checkpointSoon: () -> Void { { [checkpointer] in checkpointer.soon() } }

    /// Whether anybody ever took a copy of the trail that we cannot change.
    nonisolated(nonsending) func isExported() async throws -> Bool { try await checkpoints.hasExported() }
}
