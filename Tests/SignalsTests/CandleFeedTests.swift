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
            #expect(try await desk.feed(id)["error"]?.asString?.contains("429") == true)
            desk.venue.refusal = nil
            desk.desk.time.advance(.seconds(2))
            try await desk.pull()
            #expect(try await desk.feed(id)["state"] == "live" && desk.venue.asked > 1)
            #expect(try await desk.feed(id)["error"] == .null)
            #expect(desk.desk.events.allSatisfy { $0.type != .candleFeedFailed })
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
            let told = desk.desk.events.map(\.type).filter {
                $0 == .candleFeedFailed || $0 == .candleFeedRecovered
            }
            #expect(told == [.candleFeedFailed, .candleFeedRecovered])
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
}

/// A desk, and an exchange that tells candles of any minute until now, the running one too.
private final class FeedDesk {
    final class Venue {
        var asked = 0
        var refusal: KlineLine.Answer?
        /// Instead of every answer but the first.
        var afterOne: KlineLine.Failure?
    }

    let desk: Desk
    let venue = Venue()
    private let exchange: ExchangeName
    private let operations: [Operation]
    private let puller: FeedPuller

    private init(_ desk: Desk, _ exchange: ExchangeName) {
        (self.desk, self.exchange) = (desk, exchange)
        operations = CandleFeedEndpoints(ledger: desk.ledger).operations
        let (venue, time) = (venue, desk.time)
        let line = KlineLine { question in
            venue.asked += 1
            if venue.asked == 2, let failure = venue.afterOne { return .failure(failure) }
            if let refusal = venue.refusal { return .success(refusal) }
            return .success(Self.answer(question, at: time.now))
        }
        puller = FeedPuller(ledger: desk.ledger, analyst: desk.analyst, line: line)
    }

    static func with(
        _ exchange: ExchangeName, _ body: @Sendable (FeedDesk) async throws -> Void
    ) async throws {
        try await Desk.with { _, desk in
            // The last minute has been over for longer than the grace.
            desk.time.advance(.seconds(10))
            try await body(FeedDesk(desk, exchange))
        }
    }

    private static func answer(_ question: KlineLine.Question, at now: Timestamp) -> KlineLine.Answer {
        let isBybit = question.exchange == .bybit
        let values = Dictionary(uniqueKeysWithValues: question.draft.query.map { ($0.name, $0.value) })
        let from = Int64(values[isBybit ? "start" : "startTime"] ?? "") ?? 0
        let to = Int64(values[isBybit ? "end" : "endTime"] ?? "") ?? 0
        let width: Int64 = 60_000
        let first = (from + width - 1) / width
        let last = min(to, now.milliseconds) / width
        var rows = (first...max(first, last)).prefix(1_000).map { at in
            let price = 100 + at % 17
            return
                #"["\#(at * width)","\#(price)","\#(price + 2)","\#(price - 2)","\#(price + 1)","7.5","0"]"#
        }
        if first > last { rows = [] }
        let list = (isBybit ? rows.reversed() : rows).joined(separator: ",")
        let result = #"{"category":"spot","symbol":"\#(values["symbol"] ?? "")","list":[\#(list)]}"#
        let whole = #"{"retCode":0,"retMsg":"OK","result":\#(result)}"#
        return .init(status: 200, body: Array((isBybit ? whole : "[\(list)]").utf8))
    }

    nonisolated(nonsending) func call(
        _ method: String, _ target: String, _ body: String = ""
    ) async throws -> TestAnswer {
        try await TestCaller(operations).call(
            method, target, testContext(at: desk.time.now), headers: [(name: "if-match", value: "*")],
            body: body)
    }

    nonisolated(nonsending) func post(from: Timestamp) async throws -> TestAnswer {
        try await call(
            "POST", "/v1/candle-feeds",
            """
            {"token":"SOL","interval":"1m","exchange":"\(exchange.rawValue)","instrument":"SOLUSDT",\
            "from":"\(from)"}
            """)
    }

    nonisolated(nonsending) func create(from: Timestamp) async throws -> String {
        let made = try await post(from: from)
        return try #require(made.json["id"]?.asString, "\(made.text)")
    }

    nonisolated(nonsending) func patch(_ id: String, _ body: String) async throws -> TestAnswer {
        try await call("PATCH", "/v1/candle-feeds/\(id)", body)
    }

    nonisolated(nonsending) func feed(_ id: String) async throws -> JSONValue {
        try await call("GET", "/v1/candle-feeds/\(id)").json
    }

    nonisolated(nonsending) func pull() async throws {
        _ = try await puller.job.run(.init(id: desk.ledger.newID(), context: testContext(at: desk.time.now)))
    }
}
