import Access
import JSON
import Kernel
import Postgres
import Signals
import TestSupport
import Testing

@testable import Market

/// A clock that was set back hides nothing: what replaces another row is known behind it.
struct KnownAtTests {
    private func fact(_ value: Int) -> String {
        #"{"token":"A","name":"team","source":"desk","value":\#(value),"expires_at":"2027-01-01T00:00:00Z"}"#
    }

    private func metric(_ value: Int) -> String {
        #"{"token":"A","metric":"users","source":"desk","time":"2024-02-01T00:00:00Z","value":\#(value)}"#
    }

    private let facts = "facts?token=A"
    private let observations = "token-metrics/observations?token=A&metric=users&source=desk"

    private nonisolated(nonsending) func value(_ desk: MarketDesk, _ path: String) async throws -> Double? {
        try await desk.get(path).json["data"]?[0]?["value"]?.asDouble
    }

    @Test func `of supplied facts and metrics`() async throws {
        try await MarketDesk.with { _, desk in
            try await desk.push("A", closes: [1])
            func post(_ value: Int) async throws {
                for (path, row) in [("facts", fact(value)), ("token-metrics", metric(value))] {
                    let answer = try await desk.call("POST", path, row, type: "application/x-ndjson")
                    #expect(answer.json["refused"] == 0, "\(answer.text)")
                }
            }
            let then = desk.time.now
            for value in [10, 20, 30] {
                try await post(value)
                desk.time.advance(.hours(-1))
            }
            // Read where the clock is right.
            desk.time.advance(.hours(3))
            for path in [facts, observations] {
                #expect(try await value(desk, path) == 30)
                #expect(try await value(desk, "\(path)&as_of=\(then)") == 10)
                #expect(try await value(desk, "\(path)&as_of=\(then + .seconds(1))") == 30)
            }
            desk.time.advance(.hours(-3))
            let gone = try await desk.call(
                "DELETE", "\(observations.replacing("/observations", with: ""))&from=2024-01-01T00:00:00Z")
            #expect(gone.json["deleted"] == 1, "\(gone.text)")
            desk.time.advance(.hours(3))
            #expect(try await value(desk, "\(observations)&as_of=\(then)") == 10)
            #expect(try await value(desk, "\(observations)&as_of=\(then + .seconds(1))") == nil)
            desk.time.advance(.hours(-4))
            try await post(40)
            desk.time.advance(.hours(4))
            #expect(try await value(desk, observations) == 40)
            #expect(try await value(desk, "\(observations)&as_of=\(then - .minutes(1))") == nil)
        }
    }

    @Test func `of Investor Grades and narratives`() async throws {
        try await MarketDesk.with { _, desk in
            try await desk.push("A", closes: [1])
            let made = try await desk.call(
                "POST", "narratives", #"{"name":"n","source":"x","members":[{"token":"A"}]}"#)
            let narrative = try #require(NarrativeID(made.json["id"]?.asString ?? ""))
            let token: TokenID = try await desk.rows("select id from token")[0].id(0)
            let (then, day) = (desk.time.now, MarketDesk.day(0))
            for (index, score) in [50.0, 60.0].enumerated() {
                let now = then - .hours(Int64(index))
                let grade = InvestorGrade(
                    parts: [
                        .momentum: .init(input: 1, score: score),
                        .riskAdjusted: .init(input: 1, score: score),
                        .fundamentals: .init(input: score, score: score),
                    ], facts: 0, candles: 1)
                let inputs = InvestorInputs(token: token, time: day, candles: 1)
                let measured = StoredNarrativeScore(
                    narrative: narrative, time: day, knownAt: now, value: score, before: nil,
                    score: NarrativeScore(
                        excessReturn: 0, returnPlace: score, breadth: score, shareChange: 0,
                        sharePlace: score,
                        members: 1),
                    isFading: false, isRetroactive: false)
                try await desk.database.transaction { transaction in
                    let model = try await GradeStore.number(of: "m", "h", in: transaction)
                    _ = try await InvestorStore.write(
                        [(inputs, grade)], source: "x", model: model, isNews: true, now: now,
                        in: transaction)
                    try await NarrativeScoreStore.insert(measured, in: transaction)
                }
            }
            let grades = "grades/investor?token=A"
            func grade(_ path: String) async throws -> Double? {
                try await desk.get(path).json["data"]?[0]?["grade"]?.asDouble?.rounded()
            }
            #expect(try await grade(grades) == 60)
            #expect(try await grade("\(grades)&as_of=\(then)") == 50)
            #expect(try await grade("\(grades)&as_of=\(then + .seconds(1))") == 60)
            let path = "narratives/\(narrative)"
            #expect(try await desk.get(path).json["latest"]?["score"]?.asDouble?.rounded() == 60)
            #expect(
                try await desk.get("\(path)?as_of=\(then)").json["latest"]?["score"]?.asDouble?.rounded()
                    == 50)
        }
    }

    @Test func `of a market's counts, and of turns of its regime`() async throws {
        try await MarketDesk.with { _, desk in
            desk.time.move(to: MarketDesk.day(60) + .minutes(10))
            try await desk.push("BTC", closes: (0..<60).map { Double(100 + $0) })
            try await desk.measure("market-regime")
            let market = "market?source=x&interval=1d"
            #expect(try await desk.get(market).json["above_sma50"]?["count"] == 1)
            // The last candle is another: it closed under the mean.
            desk.time.advance(.minutes(-5))
            try await desk.push("BTC", closes: [50], fromDay: 59)
            try await desk.measure("market-regime")
            desk.time.advance(.minutes(2))
            try await desk.run("market-closes")
            let now = try await desk.get(market).json
            #expect(now["above_sma50"]?["count"] == 0 && now["regime"]?["state"] == "risk_off")
            #expect(now["regime"]?["since"]?.asString == MarketDesk.day(59).description, "\(now)")
        }
    }
}
