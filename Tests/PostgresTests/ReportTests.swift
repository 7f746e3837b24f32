import EventLoop
import Kernel
import TestSupport
import Testing

@testable import Postgres

/// Statements that may take long, and who waits behind them.
@Suite struct ReportTests {
    private static let one = Statement("one", "select 1")
    private static let patient = Statement(
        "patient", "select set_config('statement_timeout', '0', false)")
    private static let long = Statement("long", "select pg_sleep(3600)")
    private static let endLong = Statement(
        "end_long",
        "select pg_cancel_backend(pid) from pg_stat_activity where query = 'select pg_sleep(3600)'")

    @Test func `a few run at a time, and nothing else waits behind them`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase(size: .init()) { worker, database in
            for link in database.reports.links {
                try await link.opened()
                _ = try await link.query(Self.patient)
            }
            let ended = (0..<2).map { _ in Promise<PostgresError?>() }
            for promise in ended {
                worker.spawn { promise.fulfil(await Self.runLong(database)) }
            }
            try await wait(until: "both are under way") {
                try await database.query(Self.count)[0].int(0) == 2
            }
            // The third waits for as long as a place in line is worth.
            await expectFailure({ $0 as? PostgresError == .overloaded }) {
                _ = try await database.report(Self.one)
            }
            #expect(try await database.query(Self.one)[0].int(0) == 1)
            #expect(try await database.vital.query(Self.one)[0].int(0) == 1)
            try await database.transaction { _ = try await $0.query(Self.one) }
            #expect(!ended.contains { $0.isFulfilled })
            for _ in ended { _ = try await database.query(Self.endLong) }
            for promise in ended { #expect(await promise.get() == .reportTimeout) }
            #expect(try await database.report(Self.one)[0].int(0) == 1)
        }
    }

    private static let count = Statement(
        "count_long",
        "select count(*) from pg_stat_activity where state = 'active' and query = 'select pg_sleep(3600)'")

    private nonisolated(nonsending) static func runLong(_ database: Database) async -> PostgresError? {
        do {
            _ = try await database.report(long)
            return nil
        } catch {
            return error
        }
    }

    @Test func `one that takes too long is ended, and is told apart from others`() async throws {
        var settings = SessionSettings.patient
        settings.statementTimeout = .milliseconds(100)
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase(settings: settings) { _, database in
            await expectFailure({ $0 as? PostgresError == .reportTimeout }) {
                _ = try await database.report(Self.long)
            }
            await expectFailure({ $0 as? PostgresError == .timeout }) {
                _ = try await database.query(Self.long)
            }
        }
    }

    @Test func `no report has longer than ten seconds`() {
        #expect(Database.reportLimit(under: .seconds(30)) == .seconds(10))
        #expect(Database.reportLimit(under: .seconds(5)) == .seconds(5))
        #expect(Database.reportLimit(under: .seconds(0)) == .seconds(10))
    }
}
