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

/// A desk, and an exchange that tells candles of any minute until now, the running one too.
final class FeedDesk {
    final class Venue {
        /// Instruments that were asked for, and open times from which on.
        var questions: [(instrument: String, from: Timestamp)] = []
        var asked: Int { questions.count }
        /// Candles that it has not, for now.
        var lacks: Range<Timestamp>?
        /// Tells the newest first, against what it documents.
        var isReversed = false
        /// Instead of its rows.
        var rows: String?
        var isGraded: Bool?
        /// Before each answer.
        var meanwhile: (() async -> Void)?
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
            venue.questions.append(Self.question(question))
            await venue.meanwhile?()
            if venue.asked == 2, let failure = venue.afterOne { return .failure(failure) }
            if let refusal = venue.refusal { return .success(refusal) }
            return .success(Self.answer(question, venue, at: time.now))
        }
        puller = FeedPuller(ledger: desk.ledger, analyst: desk.analyst, line: line)
    }

    static func with(
        _ exchange: ExchangeName, isAnalysing: Bool = false, _ body: @Sendable (FeedDesk) async throws -> Void
    ) async throws {
        try await Desk.with(isAnalysing: isAnalysing) { _, desk in
            // The last minute has been over for longer than the grace.
            desk.time.advance(.seconds(10))
            try await body(FeedDesk(desk, exchange))
        }
    }

    private static func values(_ question: KlineLine.Question) -> [String: String] {
        Dictionary(uniqueKeysWithValues: question.draft.query.map { ($0.name, $0.value) })
    }

    private static func question(
        _ question: KlineLine.Question
    ) -> (instrument: String, from: Timestamp) {
        let values = values(question)
        let from = Int64(values["startTime"] ?? values["start"] ?? "") ?? 0
        return (values["symbol"] ?? "", Timestamp(milliseconds: from))
    }

    private static func answer(
        _ question: KlineLine.Question, _ venue: Venue, at now: Timestamp
    ) -> KlineLine.Answer {
        let isBybit = question.exchange == .bybit
        let values = values(question)
        let from = Int64(values[isBybit ? "start" : "startTime"] ?? "") ?? 0
        let to = Int64(values[isBybit ? "end" : "endTime"] ?? "") ?? 0
        let width: Int64 = 60_000
        let first = (from + width - 1) / width
        let last = min(to, now.milliseconds) / width
        let times = (first...max(first, last)).filter { at in
            !(venue.lacks?.contains(Timestamp(milliseconds: at * width)) ?? false)
        }
        var rows = (isBybit ? times.suffix(1_000) : times.prefix(1_000)).map { at in
            let price = 100 + at % 17
            return
                #"["\#(at * width)","\#(price)","\#(price + 2)","\#(price - 2)","\#(price + 1)","7.5","0"]"#
        }
        if first > last { rows = [] }
        let list = venue.rows ?? (isBybit != venue.isReversed ? rows.reversed() : rows).joined(separator: ",")
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

    nonisolated(nonsending) func post(
        _ token: String = "SOL", from: Timestamp
    ) async throws -> TestAnswer {
        try await call(
            "POST", "/v1/candle-feeds",
            """
            {"token":"\(token)","interval":"1m","exchange":"\(exchange.rawValue)",\
            "instrument":"\(token)USDT","from":"\(from)"}
            """)
    }

    nonisolated(nonsending) func create(
        _ token: String = "SOL", from: Timestamp
    ) async throws -> String {
        let made = try await post(token, from: from)
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
    /// What was told of feeds, in order.
    var told: [EventType] {
        desk.events.map(\.type).filter { $0 == .candleFeedFailed || $0 == .candleFeedRecovered }
    }
}
