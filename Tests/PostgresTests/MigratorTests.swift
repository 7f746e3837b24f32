import EventLoop
import Kernel
import TestSupport
import Testing

@testable import Postgres

@Suite struct MigratorTests {
    private static let first = Migration(
        number: 1, name: "first", sql: "create table a (id int); insert into a values (1)")
    private static let second = Migration(
        number: 2, name: "second", sql: "create table b (note text default 'it''s')")

    @Test func `migrations are applied once and in order`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            let migrator = Migrator([Self.first, Self.second])
            let first = try await Migrator([Self.first]).run(database.connector)
            let second = try await migrator.run(database.connector)
            let third = try await migrator.run(database.connector)
            #expect([first, second, third] == [[1], [2], []])
        }
    }

    @Test func `nodes that start together migrate once`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await scratch.visit { _, database in
                        try await Migrator([Self.first, Self.second]).run(database.connector)
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(applied == [1, 2])
    }

    @Test func `changed, newer and holed databases are refused, and failures are undone`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            try await Migrator([Self.first, Self.second]).run(database.connector)
            await expectFailure({ $0 as? MigrationError == MigrationError.databaseIsNewer(number: 2) }) {
                try await Migrator([Self.first]).run(database.connector)
            }
            let edited = Migration(number: 2, name: "second", sql: "create table b ()")
            await expectFailure({ $0 as? MigrationError == MigrationError.changed(number: 2, name: "second") }
            ) {
                try await Migrator([Self.first, edited]).run(database.connector)
            }
            let broken = Migration(number: 3, name: "third", sql: "create table c (); select 1/0")
            do {
                try await Migrator([Self.first, Self.second, broken]).run(database.connector)
                Issue.record("a broken migration was applied")
            } catch MigrationError.failed(let number, let error) {
                #expect(number == 3)
                #expect(error.sqlState == "22012")
            }
            let rows = try await database.query(Statement("c", "select to_regclass('c') is null"))
            #expect(rows[0].bool(0))
            try await database.query(Statement("hole", "delete from schema_migration where number = 1"))
            await expectFailure({ $0 as? MigrationError == MigrationError.hole(number: 1) }) {
                try await Migrator([Self.first, Self.second]).run(database.connector)
            }
        }
    }

    @Test func `a program with holes in its own migrations is refused`() {
        #expect(throws: MigrationError.misnumbered(2)) {
            try MigrationPlan.pending([(Self.second, "")], applied: [])
        }
    }

    @Test func `a file's name gives number and name, or nothing`() {
        #expect(Migration(fileName: "0007_add_levels.sql", sql: "")?.number == 7)
        #expect(Migration(fileName: "0007_add_levels.sql", sql: "")?.name == "add_levels")
        for name in ["README.md", "x_1.sql", "0_zero.sql", "1_.sql", "2_Upper.sql"] {
            #expect(Migration(fileName: name, sql: "") == nil)
        }
    }
}
