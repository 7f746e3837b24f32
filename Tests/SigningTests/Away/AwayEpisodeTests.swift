import Access
import Events
import Kernel
import TestSupport
import Testing

@testable import Signing

/// When an absence is over, or must not begin, whatever the keeper knows of it.
@Suite struct AwayEpisodeTests {
    @Test func `T7: what this node itself revokes while it takes its database for gone is refused at once`()
        async throws
    {
        try await AwayDesk.run { desk in
            desk.desk.ledger.onAuthority { [mode = desk.mode] epoch in mode.noticed(epoch: epoch) }
            let (key, second) = (try await desk.key("main"), try await desk.key("second"))
            try await desk.look()
            await desk.cutOff()
            desk.desk.exchange.says(200, "{}")
            #expect(try await desk.cancel(key).status == 200)
            let episode = try #require(desk.mode.episode)
            // Its workers have the database again, and its keeper has not.
            let revoked = try await desk.desk.call(
                "POST", "/v1/keys/\(key)/revoke", #"{"reason": "stolen"}"#)
            #expect(revoked.status == 200, "\(revoked.text)")
            #expect(desk.mode.current == nil && desk.mode.sentence == nil)
            #expect(!desk.mode.takeOff(UsageID(UUID(high: 1, low: 1)), episode))
            for id in [key, second] { #expect(try await desk.cancel(id).status == 503) }
            #expect(desk.orders.count == 1)
            await desk.keeper.turn()
            #expect(!desk.mode.isOn)

            try await desk.comeBack()
            #expect(try await desk.uses().count == 1)
            #expect(desk.away.journals(.merged).count == 1)
            await desk.cutOff()
            #expect(try await desk.cancel(key).status == 503)
            #expect(try await desk.cancel(second).status == 200)
        }
    }

    @Test func `T7: what this node revokes between the loss and the journal's first line is refused`()
        async throws
    {
        try await AwayDesk.run { desk in
            _ = try await desk.key("main")
            try await desk.look()
            let epoch = try #require(desk.mode.snapshot).epoch
            #expect(desk.mode.happened(.lost) == .begin)
            desk.mode.noticed(epoch: epoch + 1)
            let id = AwayJournalID(UUID(high: 7, low: 3))
            let beginning = AwayBeginning(
                journal: id, node: NodeID(UUID(high: 1, low: 2)), at: desk.time.now, epoch: epoch, keys: 1)
            let journal = try AwayJournal(beginning, in: desk.away, try desk.desk.book.chain(of: id))
            let tally = AwayTally([:], databaseAhead: .seconds(0))
            desk.mode.open(AwayEpisode(journal, tally, at: desk.time.now))
            #expect(desk.mode.current == nil && desk.mode.left == .seconds(0))
            #expect(desk.mode.happened(.lost) == .end(.answered))
        }
    }

    @Test func `a journal of an earlier absence that cannot be written does not end this one`() async throws {
        try await AwayDesk.run { desk in
            let key = try await desk.key("main")
            try await desk.look()
            await desk.cutOff()
            let first = try #require(desk.mode.episode)
            try await desk.comeBack()
            desk.mode.breakOff(first)
            #expect(!desk.mode.isBroken)
            await desk.cutOff()
            desk.mode.breakOff(first)
            await desk.keeper.turn()
            desk.desk.exchange.says(200, "{}")
            #expect(desk.mode.isOn)
            #expect(try await desk.cancel(key).status == 200)
        }
    }
}
