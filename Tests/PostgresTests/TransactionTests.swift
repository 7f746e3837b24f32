import EventLoop
import Kernel
import TestSupport
import Testing

@testable import Postgres

@Suite struct TransactionTests {
    private struct Refused: Error {}
    private static let make = Statement(
        "make", "create table account (id int primary key, amount bigint not null)")
    private static let open = Statement("open", "insert into account values ($1, 0)")
    private static let sum = Statement(
        "sum", "select coalesce(sum(amount), 0)::bigint, count(*) from account")
    private static let add = Statement("add", "update account set amount = amount + $2 where id = $1")

    @Test func `what a body throws undoes its writes`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            try await database.query(Self.make)
            await expectFailure({ $0 is Refused }) {
                try await database.transaction { transaction in
                    try await transaction.query(Self.open, .int(1))
                    throw Refused()
                }
            }
            try await database.transaction { transaction in
                let first = transaction.send(Self.open, .int(2))
                let second = transaction.send(Self.open, .int(3))
                try await first.rows()
                try await second.rows()
            }
            let rows = try await database.query(Self.sum)
            #expect(rows[0].int(1) == 2)
        }
    }

    @Test func `a failure that the body swallows does not commit`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            try await database.query(Self.make)
            do {
                try await database.transaction { transaction in
                    try await transaction.query(Self.open, .int(1))
                    _ = try? await transaction.query(Self.open, .int(1))
                }
                Issue.record("a failed transaction was committed")
            } catch let error as PostgresError {
                #expect(error.sqlState == "25P02")
            }
            let rows = try await database.query(Self.sum)
            #expect(rows[0].int(1) == 0)
        }
    }

    @Test func `whoever waits for a commit to leave hears of it before its answer`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            try await database.query(Self.make)
            var heard: [String] = []
            try await database.transaction { transaction in
                transaction.onCommitSent = { heard.append("sent") }
                try await transaction.query(Self.open, .int(1))
                try await transaction.commit()
                heard.append("committed")
            }
            await expectFailure({ $0 is Refused }) {
                try await database.transaction { transaction in
                    transaction.onCommitSent = { heard.append("sent") }
                    try await transaction.query(Self.open, .int(2))
                    throw Refused()
                }
            }
            #expect(heard == ["sent", "committed"])
        }
    }

    @Test func `a batch's statement is planned once, and goes by indexes`() async throws {
        let find = Statement("find", "select amount from account where id = any ($1)")
        let plans = Statement(
            "plans",
            """
            select generic_plans, custom_plans, current_setting('enable_seqscan') from pg_prepared_statements
            where name like 'find.%'
            """)
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            try await database.query(Self.make)
            for _ in 0..<7 {
                try await database.batch.transaction { _ = try await $0.query(find, .int32Array([1, 2])) }
            }
            let rows = try await database.batch.transaction { try await $0.query(plans) }
            #expect(rows[0].int64(0) == 7 && rows[0].int64(1) == 0)
            #expect(rows[0].text(2) == "off")
        }
    }

    @Test func `statements and their commit leave together`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            try await database.query(Self.make)
            try await database.batch.transaction { transaction in
                let write = transaction.send(Self.open, .int(1))
                try await transaction.commit()
                try await write.rows()
            }
            let rows = try await database.query(Self.sum)
            #expect(rows[0].int(1) == 1)
        }
    }

    @Test func `a lost conflict runs again, and more callers than connections wait in line`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { worker, database in
            try await database.query(Self.make)
            try await database.query(Self.open, .int(1))
            let done = Wakeup()
            var left = 20
            var failures = 0
            for _ in 0..<20 {
                Task {
                    _ = worker
                    do {
                        try await database.transaction(retries: 50) { transaction in
                            try await transaction.query(
                                Statement("isolate", "set transaction isolation level serializable"))
                            try await transaction.query(Self.add, .int(1), .int(1))
                        }
                    } catch {
                        failures += 1
                    }
                    left -= 1
                    if left == 0 { done.wake() }
                }
            }
            await done.wait()
            let rows = try await database.query(Self.sum)
            #expect(failures == 0)
            #expect(rows[0].int(0) == 20)
        }
    }

    @Test func `a lock that is not to be had fails by its own limit`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        var settings = SessionSettings.patient
        settings.lockTimeout = .milliseconds(50)
        try await scratch.withDatabase(settings: settings) { _, database in
            try await database.query(Self.make)
            try await database.query(Self.open, .int(1))
            try await database.transaction { holder in
                try await holder.query(Self.add, .int(1), .int(1))
                let state = await sqlState { try await database.query(Self.add, .int(1), .int(1)) }
                #expect(state == SQLState.lockNotAvailable)
            }
        }
    }
}
