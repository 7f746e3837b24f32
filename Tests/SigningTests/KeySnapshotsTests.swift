import Access
import Events
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

    @Test func `a change of authority takes away the snapshots that it touched, and no others`() async throws
    {
        try await SigningDesk.run { desk in
            let (first, second) = (try await desk.key("a"), try await desk.key("b"))
            let ids = try [first, second].map { try #require(ExchangeKeyID($0)) }
            let snapshots = desk.batcher.snapshots
            func signed() async throws -> [KeySnapshot?] {
                for key in [first, second] { #expect(try await desk.sign(key).status == 200) }
                return ids.map { snapshots.current($0) }
            }
            let changes: [(change: (Change) -> Void, isNew: [Bool])] = [
                ({ $0.touch(.key(ids[0])) }, [true, false]),
                ({ $0.touch(.principal(desk.me)) }, [false, false]),
                ({ $0.touch(.uses) }, [true, true]),
                ({ $0.touchesAuthority = true }, [true, true]),
            ]
            var known = try await signed()
            for (change, isNew) in changes {
                try await desk.ledger.change(desk.context()) { change($0) }
                let fresh = try await signed()
                #expect(zip(known, fresh).map { $0 !== $1 } == isNew)
                known = fresh
            }
        }
    }

    private static let goBack = [
        Statement("test_snapshots_back", "update authority set epoch = $1"),
        Statement("test_snapshots_undo", "delete from authority_change where epoch > $1"),
    ]

    /// A standby that did not have all took over.
    @Test func `what a database lost of authority is forgotten, and the next change counts`()
        async throws
    {
        try await SigningDesk.run { desk in
            let key = try await desk.key("a")
            let id = try #require(ExchangeKeyID(key))
            #expect(try await desk.sign(key).status == 200)
            let epoch = desk.batcher.snapshots.epoch
            for _ in 0..<3 { try await desk.ledger.change(desk.context()) { $0.touch(.key(id)) } }
            #expect(try await desk.sign(key).status == 200)
            for statement in Self.goBack { _ = try await desk.database.query(statement, .int64(epoch)) }
            let answer = try await desk.sign(key)
            #expect(answer.status == 200, "\(answer.text)")
            #expect(desk.batcher.snapshots.epoch == epoch)
            let narrow = #"{"operations": ["cancel"], "ways": ["sign"]}"#
            let published = try await desk.call("PUT", "/v1/keys/\(key)/policy", narrow, match: "\"1\"")
            #expect(published.status == 200, "\(published.text)")
            #expect(try await desk.sign(key).code == "policy_denied")
        }
    }

    @Test func `what is revoked is signed with no more, whatever else is known to hold`() async throws {
        try await SigningDesk.run { desk in
            let (first, second) = (try await desk.key("a"), try await desk.key("b"))
            for key in [first, second] { #expect(try await desk.sign(key).status == 200) }
            let revoked = try await desk.call("POST", "/v1/keys/\(first)/revoke", #"{"reason":"a"}"#)
            #expect(revoked.status == 200, "\(revoked.text)")
            #expect(try await desk.sign(second).status == 200)
            #expect(try await desk.sign(first).status != 200)
            let narrow = #"{"operations": ["cancel"], "ways": ["sign"]}"#
            let published = try await desk.call(
                "PUT", "/v1/keys/\(second)/policy", narrow, match: "\"1\"")
            #expect(published.status == 200, "\(published.text)")
            #expect(try await desk.sign(second).code == "policy_denied")
        }
    }
}
