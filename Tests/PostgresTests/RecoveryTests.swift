import EventLoop
import Glibc
import Kernel
import TestSupport
import Testing

@testable import Postgres

@Suite struct RecoveryTests {
    private static let one = Statement("one", "select 1")
    private static let wait = Statement("wait", "select pg_sleep(20)")
    private static let end = Statement("end", "select pg_terminate_backend($1::int)")

    @Test func `a lost session fails what waits at once, and comes back`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { worker, database in
            let other = scratch.open(on: worker)
            defer { other.stop() }
            try await other.ready()
            let waiting = database.send(Self.wait)
            let behind = database.send(Self.one)
            await worker.reactor.sleep(nanoseconds: 50_000_000)
            try await other.query(Self.end, .int(database.reads.processID.map(Int.init)))
            await expectFailure({ $0 as? PostgresError == PostgresError.unavailable }) {
                _ = try await waiting.rows()
            }
            await expectFailure({ $0 as? PostgresError == PostgresError.unavailable }) {
                _ = try await behind.rows()
            }
            await expectFailure({ $0 as? PostgresError == PostgresError.unavailable }) {
                _ = try await database.query(Self.one)
            }
            try await database.ready()
            let rows = try await database.query(Self.one)
            #expect(rows[0].int(0) == 1)
        }
    }

    @Test func `a transaction on a lost session is unavailable, and the next one finds another`() async throws
    {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            await expectFailure({ $0 as? PostgresError == PostgresError.unavailable }) {
                try await database.transaction { transaction in
                    let rows = try await transaction.query(Statement("pid", "select pg_backend_pid()"))
                    try await database.query(Self.end, .int(rows[0].int(0)))
                    try await transaction.query(Self.one)
                }
            }
            let value = try await database.transaction { try await $0.query(Self.one)[0].int(0) }
            #expect(value == 1)
        }
    }

    @Test func `a host that does not answer is passed over within its limit`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        var url = scratch.url
        url.hosts.insert(.init(name: "/nowhere"), at: 0)
        url.hosts.insert(.init(name: "127.0.0.1", port: 1), at: 0)
        let walked = ScratchDatabase(url: url)
        try await walked.withDatabase { _, database in
            let rows = try await database.query(Self.one)
            #expect(rows[0].int(0) == 1)
        }
    }

    @Test func `notifications arrive, and a new session says that some may be missing`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { worker, database in
            var events: [NotificationListener.Event] = []
            let changed = Wakeup()
            let listener = NotificationListener(database.connector, channels: ["news"]) { event in
                events.append(event)
                changed.wake()
            }
            listener.start(on: worker)
            defer { listener.stop() }
            await changed.wait()
            try await database.query(Statement("notify", "select pg_notify('news', $1)"), .text("first"))
            await changed.wait()
            let ended = try await database.query(
                Statement(
                    "end_listener",
                    """
                    select count(pg_terminate_backend(pid)) from pg_stat_activity where query = 'listen news'
                    """
                ))
            #expect(ended[0].int(0) == 1)
            await changed.wait()
            #expect(
                events == [.mayHaveMissed, .notification(channel: "news", payload: "first"), .mayHaveMissed])
        }
    }
}
