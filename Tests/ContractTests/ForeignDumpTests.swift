import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// A database that came out of a dump past `keybell restore`.
struct ForeignDumpTests {
    private static let begin = Statement(
        "test_bootstrapped", "update installation set bootstrapped_at = clock_timestamp()")
    private static let moveTable = Statement(
        "test_dump_table", "update installation set relation = relation + 1")
    private static let moveServer = Statement(
        "test_dump_server", "update installation set system_identifier = system_identifier + 1")
    private static let isWaiting = Statement(
        "test_waiting", "select restored_at is not null from authority")
    private static let confirm = Statement(
        "test_confirmed", "update authority set restored_at = null")

    private func check(_ database: Database) async throws -> Bool {
        try await ForeignDump.check(database, at: Clock.system.now(), entropy: .system)
    }

    private func waits(_ database: Database) async throws -> Bool? {
        try await database.query(Self.isWaiting).first?.bool(0)
    }

    @Test func `it waits for an owner once, and one that stayed in its place does not`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            _ = try await database.query(Self.moveTable)
            #expect(try await check(database) == false, "nobody had anything in it yet")
            _ = try await database.query(Self.begin)
            #expect(try await check(database) == false)
            _ = try await database.query(Self.moveTable)
            #expect(try await check(database) == true)
            #expect(try await waits(database) == true)
            _ = try await database.query(Self.confirm)
            #expect(try await check(database) == false, "it has its place now")
            _ = try await database.query(Self.moveServer)
            #expect(try await check(database) == true)
            #expect(try await check(database) == false, "a restore that waits is not begun anew")
        }
    }
}
