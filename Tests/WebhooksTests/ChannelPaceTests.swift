import Kernel
import Postgres
import TestSupport
import Testing

@testable import Channels
@testable import Webhooks

@Suite struct ChannelPaceTests {
    @Test func `a bucket's tokens are shared by all who ask, and a maker's pause by all who wait`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database in
            let slack = Destination.slack(url: "https://hooks.example/a").paces
            let now = Timestamp.testStart
            #expect(try await ChannelPace.take(slack, at: now, in: database) == nil)
            #expect(try await ChannelPace.take(slack, at: now, in: database) == now + .seconds(1))
            let other = Destination.slack(url: "https://hooks.example/b").paces
            #expect(try await ChannelPace.take(other, at: now, in: database) == nil)
            let later = now + .seconds(1)
            try await ChannelPace.hold(slack, until: later + .seconds(30), at: later, in: database)
            #expect(try await ChannelPace.take(slack, at: later, in: database) == later + .seconds(30))
            #expect(try await ChannelPace.take(slack, at: later + .seconds(30), in: database) == nil)
        }
    }

    @Test func `a turn takes a token of each bucket or of none`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let chat = { (name: String) in
                Destination.telegram(Telegram(base: "b", token: "t", chat: name, thread: nil)).paces
            }
            let now = Timestamp.testStart
            // The chat has one a second, so the bot's ten stay whole but for the first.
            #expect(try await ChannelPace.take(chat("1"), at: now, in: database) == nil)
            for _ in 0..<20 {
                #expect(try await ChannelPace.take(chat("1"), at: now, in: database) != nil)
            }
            for number in 2...10 {
                #expect(try await ChannelPace.take(chat("\(number)"), at: now, in: database) == nil)
            }
            #expect(try await ChannelPace.take(chat("11"), at: now, in: database) != nil)
            // A pause of one chat is none of the bot's.
            let later = now + .seconds(10)
            try await ChannelPace.hold(chat("1"), until: later + .seconds(60), at: later, in: database)
            #expect(try await ChannelPace.take(chat("2"), at: later, in: database) == nil)
            try await ChannelPace.forget(before: later + .hours(1), in: database)
            #expect(try await ChannelPace.take(chat("1"), at: later, in: database) == nil)
        }
    }

    @Test func `a node's clock that steps forward holds nobody else up`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let slack = Destination.slack(url: "https://hooks.example/a").paces
            let now = Clock.system.now()
            let ahead = now + .hours(1)
            #expect(try await ChannelPace.take(slack, at: ahead, in: database) == nil)
            let own = try #require(try await ChannelPace.take(slack, at: ahead, in: database))
            #expect(own > ahead && own <= ahead + .seconds(1))
            let wait = try await ChannelPace.take(slack, at: now, in: database)
            #expect(wait.map { $0 <= now + .seconds(2) } ?? true)
            try await ChannelPace.hold(slack, until: ahead + .seconds(30), at: ahead, in: database)
            let paused = try #require(try await ChannelPace.take(slack, at: now, in: database))
            #expect(paused < now + .minutes(5) && paused > now)
        }
    }
}
