import Access
import EventLoop
import Events
import Exchanges
import HTTPServer
import JSON
import Jobs
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signals

/// Candles that are pulled: from the beginning, without loss over any failure, and only closed ones.
struct CandleFeedTests {
    private static let begin = Interval.minute.open(at: Timestamp.testStart - .minutes(2_500))

    @Test(arguments: [ExchangeName.binance, .bybit])
    func `a feed fills up from its beginning, and goes on with every candle that closes`(
        _ exchange: ExchangeName
    ) async throws {
        try await FeedDesk.with(exchange) { desk in
            let id = try await desk.create(from: Self.begin)
            #expect(try await desk.feed(id)["state"] == "backfilling")
            try await desk.pull()
            let feed = try await desk.feed(id)
            #expect(feed["state"] == "live" && feed["progress"]?.asDouble == 1, "\(feed)")
            #expect(feed["candles"]?.asInt == 2_500 && feed["refused"]?.asInt == 0)
            let candles = try await desk.desk.rows(
                "select min(open_time), max(open_time), count(*), count(*) filter (where closed) from candle")
            #expect(candles[0].timestamp(0) == Self.begin && candles[0].int(2) == candles[0].int(3))
            #expect(Interval.minute.close(of: candles[0].timestamp(1)) <= desk.desk.time.now)
            let asked = desk.venue.asked
            try await desk.pull()
            #expect(desk.venue.asked == asked)
            desk.desk.time.advance(.minutes(1))
            try await desk.pull()
            #expect(desk.venue.asked == asked + 1)
            #expect(try await desk.feed(id)["candles"]?.asInt == 2_501)
            #expect(try await desk.desk.get("/v1/gaps").json["data"] == [])
        }
    }

    @Test func `an exchange that is asked too often is left alone for as long as it says`() async throws {
        try await FeedDesk.with(.binance) { desk in
            let id = try await desk.create(from: Self.begin)
            desk.venue.refusal = .init(status: 429, retryAfterSeconds: 90, body: Array("{}".utf8))
            try await desk.pull()
            try await desk.pull()
            #expect(desk.venue.asked == 1)
            desk.desk.time.advance(.seconds(89))
            try await desk.pull()
            #expect(desk.venue.asked == 1)
            let shut = try await desk.feed(id)
            #expect(shut["state"] == "failing" && shut["error"]?.asString?.contains("429") == true)
            #expect(shut["shut_out_until"] == shut["due_at"] && shut["shut_out_until"] != .null)
            desk.venue.refusal = nil
            desk.desk.time.advance(.seconds(2))
            try await desk.pull()
            #expect(try await desk.feed(id)["state"] == "live" && desk.venue.asked > 1)
            let open = try await desk.feed(id)
            #expect(open["error"] == .null && open["shut_out_until"] == .null)
            #expect(desk.told == [.candleFeedFailed, .candleFeedRecovered])
        }
    }

    @Test func `what the exchange refuses is told once, and its end once`() async throws {
        try await FeedDesk.with(.bybit) { desk in
            let id = try await desk.create(from: Self.begin)
            let words = #"{"retCode":10001,"retMsg":"Not supported symbols","result":{}}"#
            desk.venue.refusal = .init(status: 200, body: Array(words.utf8))
            for _ in 0..<4 {
                try await desk.pull()
                desk.desk.time.advance(.minutes(20))
            }
            let feed = try await desk.feed(id)
            #expect(feed["state"] == "failing" && feed["failures"]?.asInt == 4)
            #expect(feed["error"]?.asString?.contains("10001 Not supported symbols") == true)
            desk.venue.refusal = nil
            try await desk.pull()
            #expect(desk.told == [.candleFeedFailed, .candleFeedRecovered])
            #expect(try await desk.feed(id)["state"] == "live")
        }
    }

    @Test func `a feed goes on where it stood, whatever was lost on the way`() async throws {
        try await FeedDesk.with(.binance) { desk in
            let id = try await desk.create(from: Self.begin)
            // An answer that nobody stored: the next run asks for the same again.
            desk.venue.afterOne = .init("connection lost")
            try await desk.pull()
            let feed = try await desk.feed(id)
            #expect(feed["failures"]?.asInt == 1 && feed["candles"]?.asInt == 1_000)
            desk.desk.time.advance(.seconds(10))
            try await desk.pull()
            #expect(try await desk.feed(id)["candles"]?.asInt == 2_500)
            let rewound = try await desk.patch(id, #"{"next_open":"\#(Self.begin)"}"#)
            #expect(rewound.status == 200, "\(rewound.text)")
            try await desk.pull()
            // Nothing is stored twice.
            #expect(try await desk.feed(id)["candles"]?.asInt == 2_500)
            #expect(try await desk.desk.rows("select 1 from candle where revision > 1").isEmpty)
        }
    }

    @Test func `a feed can be paused and deleted, and a series has one`() async throws {
        try await FeedDesk.with(.binance) { desk in
            let id = try await desk.create(from: Self.begin)
            #expect(try await desk.post(from: Self.begin).code == "already_exists")
            #expect(try await desk.patch(id, #"{"enabled":false}"#).json["state"] == "paused")
            try await desk.pull()
            #expect(desk.venue.asked == 0)
            #expect(try await desk.patch(id, "{}").status == 422)
            let bad = try await desk.call("POST", "/v1/candle-feeds", #"{"exchange":"kraken","token":"x"}"#)
            #expect(bad.status == 422 && (bad.json["errors"]?.asArray?.count ?? 0) >= 3)
            #expect(try await desk.call("DELETE", "/v1/candle-feeds/\(id)").status == 204)
            #expect(try await desk.call("GET", "/v1/candle-feeds").json["data"] == [])
        }
    }

    @Test func `an outage is told once of each feed that it holds up, with its time, and its end too`()
        async throws
    {
        try await FeedDesk.with(.binance) { desk in
            let ids = [
                try await desk.create("SOL", from: Self.begin),
                try await desk.create("BTC", from: Self.begin),
            ]
            let paused = try await desk.create("ETH", from: Self.begin)
            _ = try await desk.patch(paused, #"{"enabled":false}"#)
            desk.venue.refusal = .init(status: 418, retryAfterSeconds: 600, body: Array("{}".utf8))
            let since = desk.desk.time.now
            try await desk.pull()
            desk.desk.time.advance(.seconds(601))
            try await desk.pull()
            #expect(desk.venue.asked == 2 && desk.told == [.candleFeedFailed, .candleFeedFailed])
            for id in ids {
                let feed = try await desk.feed(id)
                #expect(feed["failing_since"]?.asString == since.description)
                let until = desk.desk.time.now + .seconds(600)
                #expect(feed["shut_out_until"]?.asString == until.description)
            }
            #expect(try await desk.feed(paused)["shut_out_until"] == .null)
            // Whoever changes a feed, or makes one, does not make it ask before.
            _ = try await desk.patch(ids[0], #"{"enabled":true}"#)
            _ = try await desk.create("ADA", from: Self.begin)
            try await desk.pull()
            #expect(desk.venue.asked == 2)
            desk.desk.time.advance(.seconds(601))
            desk.venue.refusal = nil
            try await desk.pull()
            #expect(desk.told.suffix(2) == [.candleFeedRecovered, .candleFeedRecovered])
            #expect(desk.told.count == 4)
        }
    }

    @Test func `new candles go before history, and each answer is analysed while the next is asked for`()
        async throws
    {
        try await FeedDesk.with(.binance, isAnalysing: true) { desk in
            let now = desk.desk.time.now
            _ = try await desk.create("BTC", from: Interval.minute.open(at: now - .minutes(5)))
            try await desk.pull()
            _ = try await desk.create("SOL", from: Interval.minute.open(at: now - .minutes(12_000)))
            let before = desk.venue.asked
            let graded = """
                select 1 from grade where series =
                    (select s.id from series s join ticker t using (token_id) where t.symbol = 'SOL') limit 1
                """
            desk.venue.meanwhile = {
                if desk.venue.asked < before + 12 { desk.desk.time.advance(.seconds(30)) }
                guard desk.venue.asked == before + 5 else { return }
                try? await wait(until: "a page is graded") { try await !desk.desk.rows(graded).isEmpty }
                desk.venue.isGraded = try? await !desk.desk.rows(graded).isEmpty
            }
            try await desk.pull()
            #expect(desk.venue.isGraded == true)
            let first = desk.venue.questions.dropFirst(before).prefix(12).map(\.instrument)
            #expect(first.count { $0 == "BTCUSDT" } >= 4, "\(first)")
        }
    }

    @Test func `when a token's ticker ends its feed says so and asks no more, until it goes on`()
        async throws
    {
        try await FeedDesk.with(.bybit) { desk in
            let id = try await desk.create(from: Self.begin)
            let end = Self.begin + .minutes(1_234)
            _ = try await desk.desk.rows("update ticker set valid_to = '\(end)'")
            try await desk.pull()
            try await desk.pull()
            let ended = try await desk.feed(id)
            #expect(ended["state"] == "ended" && ended["ends_at"]?.asString == end.description, "\(ended)")
            #expect(ended["candles"]?.asInt == 1_234 && ended["refused"]?.asInt == 0)
            #expect(ended["error"]?.asString?.contains("SOL ended") == true && ended["due_at"] == .null)
            let asked = desk.venue.asked
            desk.desk.time.advance(.hours(2))
            try await desk.pull()
            #expect(desk.venue.asked == asked && desk.told == [.candleFeedFailed])
            _ = try await desk.desk.rows("update ticker set valid_to = null")
            try await desk.pull()
            #expect(try await desk.feed(id)["state"] == "live")
            #expect(desk.told == [.candleFeedFailed, .candleFeedRecovered])
            _ = try await desk.desk.rows("update ticker set valid_from = '\(end)'")
            #expect(try await desk.call("DELETE", "/v1/candle-feeds/\(id)").status == 204)
            let early = try await desk.post(from: Self.begin)
            #expect(early.status == 422 && early.pointers == ["/from"], "\(early.text)")
        }
    }
}
