import EventLoop
import Kernel
import Postgres
import TestSupport

/// Of a session that neither PostgreSQL nor the service ends for being idle or old.
private let patient: SessionSettings = {
    var settings = SessionSettings()
    settings.applicationName = "patient"
    settings.idleInTransactionTimeout = .seconds(0)
    settings.statementTimeout = .seconds(0)
    return settings
}()

/// Runs `body` while `sql` is an open transaction of another session; then commits it.
func whileOpen<Result: Sendable>(
    _ sql: String, at url: DatabaseURL, _ body: @Sendable () async throws -> Result
) async throws -> Result {
    let worker = try Worker()
    worker.start(name: "patient")
    defer { worker.stop() }
    return try await worker.run { worker in
        let database = ScratchDatabase(url: url).open(on: worker, settings: patient)
        defer { database.stop() }
        let session = try await database.connector.plainConnection()
        defer { session.close() }
        try await session.run("begin; \(sql)")
        let result = try await body()
        try await session.run("commit")
        return result
    }
}
