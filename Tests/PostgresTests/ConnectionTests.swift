import EventLoop
import Kernel
import TestSupport
import Testing

@testable import Postgres

@Suite struct ConnectionTests {
    private static let add = Statement("add", "select $1 + $2")
    private static let divide = Statement("divide", "select 100 / $1")
    private static let insert = Statement("insert_thing", "insert into thing (id) values ($1)")
    private static let count = Statement("count_things", "select count(*) from thing")
    private static let preparedCount = Statement(
        "count_prepared", "select count(*) from pg_prepared_statements where name like 'add.%'")

    private static func makeTable(_ database: Database) async throws {
        try await database.query(
            Statement("make", "create table thing (id bigint constraint thing_pkey primary key)"))
    }

    @Test func `a statement is prepared once per connection and type of parameters`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            for number in 0..<20 {
                let rows = try await database.query(Self.add, .int(number), .int(2))
                #expect(rows[0].int(0) == number + 2)
            }
            let once = try await database.query(Self.preparedCount)
            #expect(once[0].int(0) == 1)
            let sum = try await database.query(Self.add, .double(0.5), .double(0.25))
            #expect(sum[0].double(0) == 0.75)
            let twice = try await database.query(Self.preparedCount)
            #expect(twice[0].int(0) == 2)
        }
    }

    @Test func `an answer is waited for as long as it is worth, and the statement goes on`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { worker, database in
            let slow = database.send(Statement("slow", "select pg_sleep(3)"), [])
            var isLate = false
            do throws(PostgresError) {
                _ = try await slow.rows(within: .milliseconds(10), on: worker.reactor)
            } catch {
                if case .timeout = error { isLate = true }
            }
            #expect(isLate)
            let late = try await slow.rows()
            #expect(late.count == 1)
            let quick = database.send(Self.add, .int(1), .int(2))
            let sum = try await quick.rows(within: .seconds(60), on: worker.reactor)
            #expect(sum[0].int(0) == 3)
        }
    }

    @Test func `one failing statement of a turn leaves its neighbours alone`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            let queries = [5, 0, 20].map { database.send(Self.divide, .int($0)) }
            let first = try await queries[0].rows()
            let last = try await queries[2].rows()
            #expect(first[0].int(0) == 20)
            #expect(last[0].int(0) == 5)
            let state = await sqlState { try await queries[1].rows() }
            #expect(state == "22012")
        }
    }

    @Test func `a write that fails among reads and writes is the only one undone`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            try await Self.makeTable(database)
            let writes = [1, 2, 1, 3].map { database.send(Self.insert, .int($0)) }
            let read = database.send(Self.count)
            var failures: [PostgresError] = []
            for write in writes {
                do throws(PostgresError) { try await write.rows() } catch { failures.append(error) }
            }
            #expect(failures.count == 1)
            #expect(failures.first?.isUniqueViolation("thing_pkey") == true)
            let rows = try await read.rows()
            #expect(rows[0].int(0) == 3)
        }
    }

    @Test func `a thousand statements at once are answered each with its own`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            let queries = (0..<1_000).map { number in
                let divisor: Int = number % 10 == 7 ? 0 : number % 10 + 1
                return database.send(Self.divide, .int(divisor))
            }
            for (number, query) in queries.enumerated() {
                if number % 10 == 7 {
                    let state = await sqlState { try await query.rows() }
                    #expect(state == "22012")
                } else {
                    let rows = try await query.rows()
                    #expect(rows[0].int(0) == 100 / (number % 10 + 1))
                }
            }
        }
    }

    @Test func `what is beyond the bound of a connection is refused as overload`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            let accepted = (0..<Connection.maximumOutstanding).map {
                database.send(Self.add, .int($0), .int(0))
            }
            await expectFailure({ $0 as? PostgresError == PostgresError.overloaded }) {
                _ = try await database.query(Self.add, .int(1), .int(1))
            }
            for query in accepted { try await query.rows() }
            let rows = try await database.query(Self.add, .int(1), .int(1))
            #expect(rows[0].int(0) == 2)
        }
    }

    @Test func `answers larger than every buffer arrive whole while more is sent`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        let echo = Statement("echo", "select $1::bytea")
        try await scratch.withDatabase { _, database in
            let queries = (0..<20).map { number in
                database.send(echo, .bytes([UInt8](repeating: UInt8(number), count: 1_000_000)))
            }
            for (number, query) in queries.enumerated() {
                let rows = try await query.rows()
                #expect(rows[0].bytes(0) == [UInt8](repeating: UInt8(number), count: 1_000_000))
            }
        }
    }

    @Test func `a changed table makes its statements be prepared again`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        let all = Statement("all_things", "select * from thing")
        try await scratch.withDatabase { _, database in
            try await Self.makeTable(database)
            try await database.query(all)
            try await database.query(Statement("widen", "alter table thing alter id type numeric"))
            let rows = try await database.query(all)
            #expect(rows.isEmpty)
        }
    }

    @Test func `text with a zero byte is refused, not cut`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        let echo = Statement("echo", "select $1::text")
        try await scratch.withDatabase { _, database in
            let state = await sqlState { try await database.query(echo, .text("admin\0x")) }
            #expect(state == "22021")
        }
    }

    @Test func `only selects without locks share a transaction`() {
        #expect(Statement("a", "select 1").isRead)
        #expect(!Statement("b", "select id from t for update").isRead)
        #expect(!Statement("c", "select id from t for no key update").isRead)
        #expect(!Statement("d", "select pg_try_advisory_lock(1)").isRead)
        #expect(!Statement("e", "insert into t values (1)").isRead)
        #expect(!Statement("f", "with x as (delete from t returning 1) select * from x").isRead)
    }
}

/// The SQLSTATE that `body` fails with; nil when it succeeds or fails otherwise.
nonisolated(nonsending) func sqlState(_ body: nonisolated(nonsending) () async throws -> Rows) async
    -> String?
{
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? PostgresError)?.sqlState
    }
}

/// Expects `body` to fail as `matches` says. Unlike `#expect(throws:)`, it stays on the caller's loop, where
/// the database lives.
nonisolated(nonsending) func expectFailure<Value>(
    _ matches: (any Error) -> Bool, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: nonisolated(nonsending) () async throws -> Value
) async {
    do {
        _ = try await body()
        Issue.record("it succeeded", sourceLocation: sourceLocation)
    } catch {
        #expect(matches(error), "\(error)", sourceLocation: sourceLocation)
    }
}
