import Access
package import EventLoop
package import Jobs
package import Kernel
package import Postgres
import JSON

/// Takes checkpoints: every minute, and at once after changes of authority.
package final class Checkpointer {
    /// Requests within that long after a checkpoint share the next one.
    package static let pause: Period = .seconds(1)
    /// Checkpoints told of in one transaction.
    private static let announcedAtOnce = 100

    package let store: CheckpointStore
    private let database: Database
    private let books: any Books
    private let key: () throws -> CheckpointKey
    private let clock: Clock
    private let entropy: Entropy
    private let reactor: Reactor
    private let log: Log
    private let bell = Wakeup()
    private var isStopping = false

    /// - Parameter key: throws while the node is sealed.
    package init(
        _ database: Database, books: any Books, key: @escaping () throws -> CheckpointKey, clock: Clock,
        entropy: Entropy,
        reactor: Reactor, log: Log
    ) {
        store = CheckpointStore(database)
        self.database = database
        self.books = books
        self.key = key
        self.clock = clock
        self.entropy = entropy
        self.reactor = reactor
        self.log = log
    }

    /// Serves `soon`, on the loop of `worker`, until `stop`.
    package func start(on worker: isolated Worker) {
        worker.spawn {
            await self.serveRequests()
        }
    }

    package func stop() {
        isStopping = true
        bell.wake()
    }

    /// To be called after a commit that took or gave authority: a checkpoint follows, one for all that ask
    /// now.
    package func soon() { bell.wake() }

    private nonisolated(nonsending) func serveRequests() async {
        while true {
            await bell.wait()
            if isStopping { return }
            do {
                _ = try await take()
            } catch {
                log.warning("no checkpoint could be taken", ["error": .init("\(error)")])
            }
            await reactor.sleep(nanoseconds: Self.pause.nanoseconds)
        }
    }

    /// Signs where every lane stands, and tells of it. Nil when nothing was appended since the newest one.
    package nonisolated(nonsending) func take() async throws -> Checkpoint? {
        let key = try key()
        let taken = try await database.transaction { transaction in
            try await sign(with: key, in: transaction)
        }
        try await announce()
        return taken
    }

    /// Appends wait from the first lock to the commit: two round trips, and nothing else is done in between.
    private nonisolated(nonsending) func sign(
        with key: CheckpointKey, in transaction: Transaction
    ) async throws -> Checkpoint? {
        let lanes = try await store.lockLanes(in: transaction)
        let newest = try await store.newest(in: transaction)
        if newest?.content.lanes == lanes || newest == nil && lanes.allSatisfy({ $0.last == nil }) {
            return nil
        }
        let now = clock.now()
        let checkpoint = key.sign(
            Checkpoint.Content(
                id: CheckpointID(UUID(at: now, entropy: entropy)), number: (newest?.content.number ?? 0) + 1,
                signedAt: now, signedBy: key.id, previous: newest?.hash, lanes: lanes))
        try await store.insert(checkpoint, in: transaction)
        return checkpoint
    }

    /// Events are written apart: their reactions take locks that must not be waited for under the lanes'
    /// locks.
    private nonisolated(nonsending) func announce() async throws {
        let now = clock.now()
        let context = Context.installation(
            now: now, requestID: RequestID(UUID(at: now, entropy: entropy)).description)
        try await books.enter(context) { notes in
            let checkpoints = try await store.takeUnannounced(
                at: now, limit: Self.announcedAtOnce, in: notes.transaction)
            for checkpoint in checkpoints { Self.tell(checkpoint, notes) }
        }
    }

    private static func tell(_ checkpoint: Checkpoint, _ notes: any Notes) {
        let content = checkpoint.content
        let entries = content.lanes.reduce(Int64(0)) { $0 + $1.count }
        notes.emit(
            "audit.checkpointed", subject: content.id.description,
            [
                "checkpoint_id": .string(content.id.description),
                "signed_at": .string(content.signedAt.description),
                "signed_by": .string(content.signedBy.description),
                "lanes": .number(JSONNumber(content.lanes.count { $0.last != nil })),
                "entries": .number(JSONNumber(entries)), "hash": .string(checkpoint.hash.description),
            ])
    }
}
