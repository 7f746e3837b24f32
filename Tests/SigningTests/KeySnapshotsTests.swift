import Access
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signing

/// A batch judges by snapshots that it has just looked at; beside it, others read keys to know what they are.
@Suite struct KeySnapshotsTests {
    /// Looks around whenever something is asked.
    private final class Watched: Queryable {
        private let database: Database
        private let look: () -> Void

        init(_ database: Database, _ look: @escaping () -> Void) {
            (self.database, self.look) = (database, look)
        }

        func send(_ statement: Statement, _ parameters: [Parameter]) -> Query {
            look()
            return database.send(statement, parameters)
        }
    }

    @Test func `a key that is being read, or was read before, is not taken away from a batch`() async throws {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            let id = try #require(ExchangeKeyID(key))
            #expect(try await desk.sign(key).status == 200)
            let snapshots = desk.batcher.snapshots
            let epoch = snapshots.epoch
            var looks = 0
            for earlier: Int64 in [0, 1] {
                let watched = Watched(desk.database) {
                    looks += 1
                    #expect(snapshots.current(id) != nil)
                }
                #expect(try await snapshots.load([id], at: epoch - earlier, in: watched).isEmpty)
                #expect(snapshots.current(id)?.epoch == epoch)
            }
            #expect(looks > 2)
            #expect(try await snapshots.load([id], at: epoch + 1, in: desk.database).isEmpty)
            #expect(snapshots.current(id)?.epoch == epoch + 1)
        }
    }
}
