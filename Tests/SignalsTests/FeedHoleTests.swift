import Events
import Exchanges
import JSON
import Kernel
import TestSupport
import Testing

@testable import Signals

/// What an exchange had not when it was asked is asked for again, and not for ever.
struct FeedHoleTests {
    private static let begin = Interval.minute.open(at: Timestamp.testStart - .minutes(4_500))

    @Test(arguments: [ExchangeName.binance, .bybit])
    func `candles that come later are stored, and what lacked them is told`(
        _ exchange: ExchangeName
    ) async throws {
        try await FeedDesk.with(exchange) { desk in
            // More than an answer, so that one of them is empty.
            desk.venue.lacks = Self.begin + .minutes(500)..<Self.begin + .minutes(3_100)
            let id = try await desk.create(from: Self.begin)
            try await desk.pull()
            let feed = try await desk.feed(id)
            #expect(feed["state"] == "live" && feed["candles"]?.asInt == 1_900, "\(feed)")
            #expect(feed["missing"]?["candles"]?.asInt == 2_600)
            #expect(feed["missing"]?["from"]?.asString == (Self.begin + .minutes(500)).description)
            let gaps = desk.desk.events.filter { $0.type == .candleGap }
            #expect(gaps.count == 1 && gaps.first?.data["missing"]?.asInt == 2_600)
            desk.venue.lacks = nil
            desk.desk.time.advance(.seconds(70))
            try await desk.pull()
            let filled = try await desk.feed(id)
            #expect(filled["missing"] == .null && filled["candles"]?.asInt == 4_501, "\(filled)")
            #expect(try await desk.desk.get("/v1/gaps").json["data"] == [])
        }
    }

    @Test func `what stays missing is asked for five times`() async throws {
        try await FeedDesk.with(.binance) { desk in
            let from = Self.begin + .minutes(1_500)
            desk.venue.lacks = from..<from + .minutes(30)
            let id = try await desk.create(from: Self.begin)
            for _ in 0..<9 {
                try await desk.pull()
                desk.desk.time.advance(.hours(25))
            }
            #expect(desk.venue.questions.count { $0.from == from } == FeedHole.waits.count)
            let missing = try await desk.feed(id)["missing"]
            #expect(missing?["candles"]?.asInt == 30 && missing?["asked_again_at"] == .null)
            // Whoever wants it once more pulls again from there.
            let patched = try await desk.patch(id, #"{"next_open":"\#(Self.begin)"}"#)
            #expect(patched.json["missing"] == .null)
        }
    }

    @Test func `before its first candle an instrument was not traded, and nothing is missing`() async throws {
        try await FeedDesk.with(.bybit) { desk in
            desk.venue.lacks = Self.begin..<Self.begin + .minutes(2_345)
            let id = try await desk.create(from: Self.begin)
            try await desk.pull()
            #expect(try await desk.feed(id)["missing"]?["candles"]?.asInt == 2_345)
            for _ in 0..<5 {
                desk.desk.time.advance(.hours(25))
                try await desk.pull()
            }
            #expect(try await desk.feed(id)["missing"] == .null)
            #expect(desk.desk.events.allSatisfy { $0.type != .candleGap })
        }
    }

    @Test(arguments: [
        #"[1767258000000,"1","2","3","1","1"]"#, #"[0,"1","2","1","1","1"]"#, #"[1767258000000,"nan"]"#, "7",
    ])
    func `from rows that are no candles nothing is concluded`(_ row: String) async throws {
        try await FeedDesk.with(.binance) { desk in
            desk.venue.rows = row.replacing("1767258000000", with: "\(Self.begin.milliseconds)")
            let id = try await desk.create(from: Self.begin)
            try await desk.pull()
            let feed = try await desk.feed(id)
            #expect(feed["state"] == "failing" && feed["failures"]?.asInt == 1, "\(feed)")
            #expect(feed["next_open"]?.asString == Self.begin.description && feed["missing"] == .null)
            #expect(feed["error"]?.asString?.contains("the exchange") == true)
        }
    }

    @Test(arguments: [ExchangeName.binance, .bybit])
    func `an answer in the wrong order lacks nothing`(_ exchange: ExchangeName) async throws {
        try await FeedDesk.with(exchange) { desk in
            desk.venue.isReversed = true
            let id = try await desk.create(from: Self.begin)
            try await desk.pull()
            let feed = try await desk.feed(id)
            #expect(feed["state"] == "live" && feed["refused"] == 0 && feed["missing"] == .null, "\(feed)")
            #expect((feed["candles"]?.asInt ?? 0) > 2_000)
            #expect(try await desk.desk.get("/v1/gaps").json["data"] == [])
        }
    }

    @Test func `holes of an answer are told apart, and many are one`() {
        func candle(_ minute: Int64) -> Candle {
            Candle(
                openTime: Self.begin + .minutes(minute), open: 1, high: 1, low: 1, close: 1, volume: 1)
        }
        func left(_ minutes: [Int64]) -> [FeedHole] {
            FeedHole.left(
                by: minutes.map(candle), from: Self.begin, to: Self.begin + .minutes(60), .minute,
                at: Self.begin)
        }
        #expect(left(Array(0..<60)).isEmpty)
        #expect(left([]).map(\.missing) == [60])
        let two = left([0, 1, 2, 10, 11] + Array(20..<60))
        #expect(two.map(\.missing) == [7, 8] && two.map(\.first) == [candle(3), candle(12)].map(\.openTime))
        let many = left(stride(from: 0, to: 60, by: 2).map { $0 })
        #expect(many.map(\.missing) == [30] && many[0].first == candle(1).openTime)
        #expect(many[0].ends == Self.begin + .minutes(60))
    }
}
