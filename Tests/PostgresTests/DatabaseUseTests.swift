import EventLoop
import Kernel
import TestSupport
import Testing

@testable import Postgres

@Suite struct DatabaseUseTests {
    private static let one = Statement("one", "select 1")

    @Test func `who waits in line, who was sent away, and what is open are counted`() async throws {
        let scratch = try await ScratchDatabase.make(migrated: false)
        let use = DatabaseUse()
        try await scratch.withDatabase { worker, _ in
            var size = Database.Size()
            size.transactions = 1
            let database = Database(
                scratch.url, size: size, reactor: worker.reactor, offLoop: scratchOffLoop, use: use)
            database.start(on: worker)
            try await database.ready(within: .seconds(60))
            let (came, ended) = (Promise<Bool>(), Promise<Bool>())
            try await database.transaction { transaction in
                _ = try await transaction.query(Self.one)
                worker.spawn {
                    came.fulfil((try? await database.transaction { try await $0.query(Self.one) }) != nil)
                }
                #expect(await worker.reactor.waits { use.callersWaiting == 1 })
                #expect(use.connections == 3)
                // Nobody gives it a connection for as long as a place in line is worth.
                while !came.isFulfilled {
                    _ = try await transaction.query(Self.one)
                    await worker.reactor.sleep(nanoseconds: 100_000_000)
                }
                #expect(await !came.get())
            }
            #expect((use.callersWaiting, use.callersRefused) == (0, 1))
            database.stop()
            worker.spawn { ended.fulfil(await worker.reactor.waits { use.connections == 0 }) }
            #expect(await ended.get())
        }
    }
}

extension Reactor {
    /// Whether it comes true within a minute.
    fileprivate func waits(for condition: () -> Bool) async -> Bool {
        for _ in 0..<6_000 where !condition() { await sleep(nanoseconds: 10_000_000) }
        return condition()
    }
}
