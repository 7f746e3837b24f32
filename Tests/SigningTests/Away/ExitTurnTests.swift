import Access
import EventLoop
import Kernel
import Keys
import Postgres
import TestSupport
import Testing

/// Requests whose numbers must rise, when an exit is still under way and the database is back.
@Suite struct ExitTurnTests {
    private static let question = Statement("test_exit_turn", "select count(*) from key_sender")

    @Test func `T11: what the node sends waits for an exit that is under way, and keeps no exit waiting`()
        async throws
    {
        try await AwayDesk.run { desk in
            let (database, exits) = (desk.desk.database, KeyTurns())
            let key = ExchangeKeyID(UUID(high: 1, low: 9))
            let senders = KeySenders(
                turns: KeyTurns(), exits: exits, database: database, node: NodeID(UUID(high: 1, low: 2)),
                clock: desk.time.clock, reactor: desk.reactor)
            try #require(await exits.take(key, on: desk.reactor))
            let turn = Promise<KeySenders.Turn?>()
            desk.spawn { turn.fulfil(try? await senders.turn(of: key)) }
            // As often as a lease that waits for nothing would have been there by far.
            for _ in 0..<10 {
                #expect(try await database.query(Self.question).first?.int64(0) == 0)
            }
            #expect(!turn.isFulfilled)
            exits.giveBack(key)
            let taken = try #require(await turn.get())
            #expect(try await database.query(Self.question).first?.int64(0) == 1)
            // It is under way now, and the database goes again.
            #expect(await exits.take(key, on: desk.reactor))
            exits.giveBack(key)
            taken.end()
        }
    }
}
