import EventLoop
import Kernel
import TestSupport
import Testing

@testable import Postgres

/// A server that answers, and takes no writes.
@Suite struct WriteRefusalTests {
    private static let make = Statement("make", "create table thing (id int)")
    private static let write = Statement("write", "insert into thing (id) values (1)")
    private static let read = Statement("read", "select count(*) from thing")
    private static let full = [
        Statement(
            "full",
            """
            create function full_disk() returns trigger language plpgsql as
            $$ begin raise 'could not extend file' using errcode = '53100'; end $$
            """),
        Statement(
            "full_thing",
            """
            create trigger full_disk before insert on thing
                for each statement execute function full_disk()
            """),
        Statement(
            "full_probe",
            """
            create trigger full_disk before insert on write_probe
                for each statement execute function full_disk()
            """),
    ]
    private static let room = [
        Statement("room_thing", "drop trigger full_disk on thing"),
        Statement("room_probe", "drop trigger full_disk on write_probe"),
    ]
    private static let readWhileFull = Statement(
        "read_while_full", "select full_disk_read() from thing")
    private static let failingRead = Statement(
        "failing_read",
        """
        create function full_disk_read() returns int language plpgsql as
        $$ begin raise 'no room to sort' using errcode = '53100'; end $$
        """)

    private func run(_ statements: [Statement], _ database: Database) async throws {
        for statement in statements { _ = try await database.query(statement) }
    }

    @Test func `a refused write is noticed, and the first that goes through again`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { _, database in
            try await run([Self.make] + Self.full, database)
            #expect(database.use.refusedWrite == nil)
            await expectFailure({ ($0 as? PostgresError)?.writeRefusal == .diskFull }) {
                try await database.transaction { _ = try await $0.query(Self.write) }
            }
            #expect(database.use.refusedWrite == .diskFull)
            _ = try await database.query(Self.read)
            await database.tryWrite()
            #expect(database.use.refusedWrite == .diskFull)
            try await run(Self.room, database)
            await database.tryWrite()
            #expect(database.use.refusedWrite == nil)
            try await database.transaction { _ = try await $0.query(Self.write) }
        }
    }

    private static let dump = Statement("dump", "lock table write_probe in access share mode")

    @Test func `a backup under way hides from nobody that writes go through again`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            let other = scratch.open(on: worker)
            defer { other.stop() }
            try await other.ready(within: .seconds(60))
            try await other.transaction { dump in
                try await dump.query(Self.dump)
                database.use.refused(.diskFull)
                await database.tryWrite()
                #expect(database.use.refusedWrite == nil)
            }
        }
    }

    @Test func `a read that finds no room says nothing of writes`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { _, database in
            try await run([Self.make, Self.write, Self.failingRead], database)
            await expectFailure({ ($0 as? PostgresError)?.writeRefusal == .diskFull }) {
                _ = try await database.query(Self.readWhileFull)
            }
            #expect(database.use.refusedWrite == nil)
        }
    }

    @Test func `a database that was made read-only for new sessions heals without their end`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, other in
            try await run([Self.make], other)
            let name = scratch.url.database ?? ""
            func change(_ setting: String) async throws {
                let sql = "alter database \"\(name)\" \(setting)"
                _ = try await other.query(Statement("alter", derived: sql))
            }
            try await change("set default_transaction_read_only = on")
            let database = scratch.open(on: worker)
            defer { database.stop() }
            try await database.ready(within: .seconds(60))
            for _ in 0..<2 {
                await expectFailure({ ($0 as? PostgresError)?.writeRefusal == .readOnly }) {
                    _ = try await database.query(Self.write)
                }
            }
            await database.tryWrite()
            #expect(database.use.refusedWrite == .readOnly)
            try await change("reset default_transaction_read_only")
            await database.tryWrite()
            #expect(database.use.refusedWrite == nil)
            // However often others are refused meanwhile.
            try await wait(until: "its sessions are new ones") {
                (try? await database.query(Self.write)) != nil
            }
        }
    }
}
