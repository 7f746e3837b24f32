package import EventLoop
import Kernel
package import Postgres

/// Tells other workers and nodes that there are new events, or a backlog that they may help with. NOTIFY
/// serialises commits, so no transaction that matters does it: a connection of its own does, at most once
/// every 5 ms. A lost one costs its readers 250 ms, and whoever has the backlog some help.
package final class Notifier {
    static let channel = "keybell_events"
    static let backlog = "keybell_backlog"
    private static let every: Period = .milliseconds(5)
    /// A connection that was refused is tried again after that long.
    private static let rest: Period = .seconds(1)

    private let connector: Connector
    private let reactor: Reactor
    private let bell = Wakeup()
    private var hasBacklog = false
    private var isStopped = false

    package init(_ database: Database, reactor: Reactor) {
        (connector, self.reactor) = (database.connector, reactor)
    }

    package func start(on worker: isolated Worker) {
        worker.spawn {
            await self.run()
        }
    }

    package func stop() {
        isStopped = true
        bell.wake()
    }

    /// There are new events: for `Ledger.onEvents`.
    package func note() { bell.wake() }

    /// More waits on this worker than it does at once.
    package func noteBacklog() {
        hasBacklog = true
        bell.wake()
    }

    private nonisolated(nonsending) func run() async {
        var connection: PlainConnection?
        while !isStopped {
            await bell.wait()
            if isStopped { break }
            if connection == nil { connection = try? await open() }
            let script = "notify keybell_events" + (hasBacklog ? "; notify keybell_backlog" : "")
            hasBacklog = false
            let isSent = (try? await connection?.run(script)) != nil
            if !isSent {
                connection?.close()
                connection = nil
            }
            await reactor.sleep(nanoseconds: (isSent ? Self.every : Self.rest).nanoseconds)
        }
        connection?.close()
    }

    /// Each of its notifications is a commit, and none has to be on the disk.
    private nonisolated(nonsending) func open() async throws(PostgresError) -> PlainConnection {
        let connection = try await connector.plainConnection()
        try await connection.run("set synchronous_commit = off")
        return connection
    }
}
