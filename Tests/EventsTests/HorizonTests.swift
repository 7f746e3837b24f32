import Access
import EventLoop
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Events

@Suite(.serialized) struct HorizonTests {
    private static let addEvent = Statement(
        "test_event",
        """
        insert into event (era, id, at, type, subject, data)
        select era, $1, clock_timestamp(), $2, 'x', '{}' from installation
        """)
    private static let assignID = Statement("test_assign", "select pg_current_xact_id()::text")
    private static let restore = Statement(
        "test_restore", "update installation set system_identifier = system_identifier - 1")
    private static let pretendOldEvents = Statement(
        "test_old", "update event set xid = '900000000'::xid8 where era = 1")

    private func add(_ type: String, in queryable: any Queryable) async throws {
        let id = EventID(UUID(at: .testStart, entropy: .system))
        _ = try await queryable.query(Self.addEvent, .id(id), .text(type))
    }

    @Test func `a transaction that commits late is not skipped`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { worker, database in
            let reader = HorizonReader(database)
            try await self.add("custom.first", in: database)
            try await database.settle()
            let late = PromiseOfCommit()
            let open = Task {
                _ = worker
                try await database.transaction { transaction in
                    try await self.add("custom.late", in: transaction)
                    late.hasWritten = true
                    while !late.mayCommit { await worker.reactor.sleep(nanoseconds: 1_000_000) }
                }
            }
            await worker.wait { late.hasWritten }
            try await self.add("custom.third", in: database)
            let before = try await reader.read(after: .beginning, limit: 10)
            #expect(before.events.map(\.type.name) == ["custom.first"])
            late.mayCommit = true
            try await open.value
            try await database.settle()
            let after = try await reader.read(after: before.next, limit: 10)
            #expect(after.events.map(\.type.name) == ["custom.late", "custom.third"])
            let rest = try await reader.read(after: after.next, limit: 10)
            #expect(rest.events.isEmpty)
        }
    }

    @Test func `events go on after a restore to a server whose transactions begin low`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { _, database in
            let reader = HorizonReader(database)
            #expect(try await Eras.check(database) == nil)
            try await add("custom.old", in: database)
            try await database.settle()
            let old = try await reader.read(after: .beginning, limit: 10)
            _ = try await database.query(Self.pretendOldEvents)
            _ = try await database.query(Self.restore)
            #expect(try await Eras.check(database) == 2)
            #expect(try await Eras.check(database) == nil)
            try await add("custom.new", in: database)
            try await database.settle()
            let new = try await reader.read(after: old.next, limit: 10)
            #expect(new.events.map(\.type.name).contains("custom.new"))
            #expect(new.events.last?.position.era == 2)
            let all = try await reader.read(after: .beginning, limit: 10)
            #expect(all.events.map(\.type.name) == ["custom.old", "custom.new"])
        }
    }

    @Test func `another database's open write transaction holds readers back, and not point reactions`()
        async throws
    {
        let scratch = try await ScratchDatabase.make()
        let foreign = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { worker, database in
            let other = foreign.open(on: worker)
            defer { other.stop() }
            try await other.ready()
            let gate = PromiseOfCommit()
            let open = Task {
                _ = worker
                try await other.transaction { transaction in
                    _ = try await transaction.query(Self.assignID)
                    gate.hasWritten = true
                    while !gate.mayCommit {
                        await worker.reactor.sleep(nanoseconds: 1_000_000)
                        _ = try await transaction.query(Self.assignID)
                    }
                }
            }
            await worker.wait { gate.hasWritten }
            let ledger = Ledger(database: database, clock: .system, entropy: .system)
            var reacted: [String] = []
            ledger.react { events, _ in
                reacted += events.map(\.type.name)
                return nil
            }
            try await ledger.change(testContext()) { change in
                _ = change.emit(NewEvent(.keyRevoked, subject: "key", [:]))
            }
            #expect(reacted == ["key.revoked"])
            let reader = HorizonReader(database)
            let held = try await reader.read(after: .beginning, limit: 10)
            #expect(held.events.isEmpty)
            gate.mayCommit = true
            try await open.value
            try await database.settle()
            #expect(try await reader.read(after: held.next, limit: 10).events.map(\.type) == [.keyRevoked])
        }
    }

    @Test func `a page ends where the next begins`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { _, database in
            for number in 0..<7 { try await add("custom.e\(number)", in: database) }
            try await database.settle()
            let reader = HorizonReader(database)
            var (place, found) = (EventPosition.beginning, [String]())
            for _ in 0..<4 {
                let page = try await reader.read(after: place, limit: 3)
                found += page.events.map(\.type.name)
                #expect(page.isFull == (found.count < 7))
                place = page.next
            }
            #expect(found == (0..<7).map { "custom.e\($0)" })
        }
    }
}

/// How two tasks of one worker tell each other.
private final class PromiseOfCommit {
    var hasWritten = false
    var mayCommit = false
}
