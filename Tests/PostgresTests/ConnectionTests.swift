import EventLoop
import Kernel
import Testing
import TestSupport

@testable import Postgres

@Suite struct ConnectionTests {
    private static let add = Statement("add", "select $1 + $2")
    private static let divide = Statement("divide", "select 100 / $1")

    @Test func `a statement with parameters answers rows`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            let rows = try await database.query(Self.add, .int(40), .int(2))
            #expect(rows.count == 1)
            #expect(rows[0].int(0) == 42)
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
            do throws(PostgresError) {
                try await queries[1].rows()
                Issue.record("a division by zero succeeded")
            } catch {
                #expect(error.sqlState == "22012")
            }
        }
    }
}
