import EventLoop
import Glibc
import Kernel
import TestSupport
import Testing

@testable import Postgres

/// A server that is there and says nothing.
@Suite struct SilenceTests {
    private static let one = Statement("one", "select 1")
    private static let slow = Statement("slow", "select 1 from pg_sleep(1)")

    private static func impatient(_ question: Period) -> Database.Size {
        var size = Database.Size()
        size.patience.look = .milliseconds(50)
        size.patience.looks = 3
        size.patience.question = question
        return size
    }

    private static func isUnavailable(_ error: any Error) -> Bool { error as? PostgresError == .unavailable }

    /// A database with a watch that soon asks, and soon loses its patience unless `question` says otherwise.
    private func visit(
        _ url: DatabaseURL, _ settings: SessionSettings = .init(), question: Period = .milliseconds(500),
        _ body: @Sendable (isolated Worker, Database) async throws -> Void
    ) async throws {
        let worker = try Worker()
        worker.start(name: "silence")
        defer { worker.stop() }
        try await worker.run { worker in
            let database = Database(
                url, settings: settings, size: Self.impatient(question), reactor: worker.reactor,
                offLoop: scratchOffLoop)
            database.start(on: worker)
            defer { database.stop() }
            try await database.ready(within: .seconds(60))
            try await body(worker, database)
        }
    }

    @Test func `what waits for it fails, what comes fails at once, and then it is back`() async throws {
        try await RunningPostgres.with { server in
            try await visit(server.url()) { _, database in
                var told: [Bool] = []
                database.onSilence = { told.append($0) }
                try server.pause()
                defer { server.resume() }
                let waiting = database.send(Self.one)
                await expectFailure(Self.isUnavailable) { _ = try await waiting.rows() }
                await expectFailure(Self.isUnavailable) { _ = try await database.query(Self.one) }
                await expectFailure(Self.isUnavailable) {
                    try await database.transaction { _ = try await $0.query(Self.one) }
                }
                #expect(told == [true])
                server.resume()
                try await database.ready(within: .seconds(60))
                let rows = try await database.query(Self.one)
                #expect(rows[0].int(0) == 1)
                try await database.transaction { _ = try await $0.query(Self.one) }
                #expect(told == [true, false])
                // Whoever stops waits for no answer.
                try server.pause()
                let left = database.send(Self.one)
                database.stop()
                await expectFailure(Self.isUnavailable) { _ = try await left.rows() }
            }
        }
    }

    @Test func `a long statement of a server that answers others is waited for`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await visit(scratch.url, question: .seconds(60)) { _, database in
            var told: [Bool] = []
            database.onSilence = { told.append($0) }
            let rows = try await database.query(Self.slow)
            #expect(rows[0].int(0) == 1)
            #expect(told.isEmpty)
        }
    }

    @Test func `a statement that outlives its time is given up, and its session with it`() async throws {
        var settings = SessionSettings()
        settings.statementTimeout = .milliseconds(200)
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await visit(scratch.url, settings) { _, database in
            let backend = try #require(database.reads.processID)
            kill(backend, SIGSTOP)
            defer { kill(backend, SIGCONT) }
            let waiting = database.send(Self.one)
            await expectFailure(Self.isUnavailable) { _ = try await waiting.rows() }
            try await database.ready(within: .seconds(60))
            #expect(database.reads.processID != backend)
        }
    }
}
