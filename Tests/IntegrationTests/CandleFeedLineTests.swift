import Glibc
import JSON
import Kernel
import TestSupport
import Testing

extension IntegrationTests {
    /// Candles pulled by the service itself, over HTTP, from exchanges of which one tells them oldest first
    /// and the other newest first, both with the one that is still open.
    @Suite struct CandleFeedLineTests {
        private static let minutes = 2_300

        @Test func `a feed fills up, goes on with what closes, and outlives whatever an exchange answers`()
            async throws
        {
            try await StandInExchange.with { standIn in
                let settings = [
                    "KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": standIn.baseURL(.binance),
                    "KEYBELL_STANDIN_BYBIT_TESTNET_MAIN": standIn.baseURL(.bybit),
                ]
                try await RunningNode.with(.scratch(), settings) { node in
                    try await node.bootstrap()
                    let line = try await FeedLine.make(node, standIn, minutes: Self.minutes)
                    try await fillUp(line)
                    try await goOn(line)
                    try await outlive(line)
                    try await waitAsTold(line)
                }
            }
        }

        /// From the beginning to the last closed candle, each once.
        private func fillUp(_ line: FeedLine) async throws {
            for feed in try await line.pull(until: "live") {
                #expect(feed["progress"]?.asDouble == 1 && feed["refused"]?.asInt == 0, "\(feed)")
                #expect(feed["missing"] == .null && feed["failures"]?.asInt == 0)
                let stored = try await line.stored(feed)
                // One that closes at this moment comes with the next run.
                #expect(stored.count == stored.minutes && stored.count >= Self.minutes - 1, "\(stored)")
                #expect(stored.revised == 0 && stored.last + 60_000 <= line.now)
            }
            for venue in line.venues {
                let asked = try await line.standIn.requests(venue)
                #expect(asked.count >= 3 && asked.allSatisfy { $0.apiKey.isEmpty && $0.method == "GET" })
            }
        }

        /// An exchange that is late: its next candle is stored once it has it.
        private func goOn(_ line: FeedLine) async throws {
            let begin = (line.now / 60_000 - 30) * 60_000
            try await line.standIn.freezeClock(atMilliseconds: begin + 20 * 60_000 + 5_000)
            try await line.rewind(to: begin)
            // The last one that it tells is over by our clock, and no failure.
            _ = try await line.pull(until: "backfilling") { $0.time("next_open") == begin + 21 * 60_000 }
            try await line.standIn.letClockRun()
            try await line.hasten()
            for feed in try await line.pull(until: "live") {
                let stored = try await line.stored(feed)
                #expect(stored.count == stored.minutes && stored.revised == 0, "\(stored)")
            }
        }

        /// Nothing is stored of an answer that is none, and everything of the next.
        private func outlive(_ line: FeedLine) async throws {
            let before = try await line.all()
            for (place, misfortune) in FeedLine.misfortunes.enumerated() {
                try await line.behave(misfortune.behaviours)
                try await line.rewind(to: (line.now / 60_000 - 900) * 60_000)
                let failing = try await line.pull(until: misfortune.isFatal ? "failing" : "live")
                for feed in failing where misfortune.isFatal {
                    #expect(feed["failures"]?.asInt ?? 0 >= 1, "\(place): \(feed)")
                    #expect(feed["error"]?.asString?.isEmpty == false && feed["candles"]?.asInt ?? 0 > 0)
                }
                try await line.behave([:])
                try await line.hasten()
                for feed in try await line.pull(until: "live") {
                    let stored = try await line.stored(feed)
                    #expect(stored.count == stored.minutes && stored.revised == 0, "\(place): \(stored)")
                }
            }
            let after = try await line.all()
            // But for what closed meanwhile, nothing was stored twice.
            for (old, new) in zip(before, after) {
                let passed = ((new.time("next_open") ?? 0) - (old.time("next_open") ?? 0)) / 60_000
                #expect((new["candles"]?.asInt ?? 0) - (old["candles"]?.asInt ?? 0) == passed, "\(new)")
                #expect(new["missing"] == .null, "\(new)")
            }
        }

        /// 429, then 418 or 403: nothing is sent before the time is over, and each outage is told once.
        private func waitAsTold(_ line: FeedLine) async throws {
            for isBan in [false, true] {
                let told = try await line.told().count
                var behaviour = StandInExchange.Behaviour()
                (behaviour.retryAfter, behaviour.ban) = isBan ? (nil, 2) : (2, nil)
                behaviour.times = 1
                try await line.behave([.binance: behaviour, .bybit: behaviour])
                let before = try await line.newest()
                try await line.rewind(to: (line.now / 60_000 - 10) * 60_000)
                let shut = try await line.pull(until: "failing")
                #expect(shut.allSatisfy { $0["failing_since"] != .null }, "\(shut)")
                let until = try #require(shut.compactMap { $0.time("shut_out_until") }.min(), "\(shut)")
                try await line.hasten()
                _ = try await line.pull(until: "live")
                // The first of each exchange is the one that was refused.
                let later = try await line.requests(after: before).flatMap { $0.dropFirst() }.map(\.at)
                #expect(later.count >= 2 && later.allSatisfy { $0 >= until }, "\(later) \(until)")
                let types = try await line.told().dropFirst(told)
                #expect(types.count { $0 == "candle_feed.failed" } == 2, "\(types)")
                #expect(types.count { $0 == "candle_feed.recovered" } == 2, "\(types)")
            }
        }
    }
}
