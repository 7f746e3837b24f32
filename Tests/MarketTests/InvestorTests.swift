import Access
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Market

struct InvestorTests {
    /// A price that goes its way with small falls.
    private static func path(_ days: Int, growth: Double) -> [Double] {
        (0..<days).map { day in
            var price = 100.0
            for step in 0..<day { price *= step % 5 == 4 ? 0.99 : 1 + growth }
            return price
        }
    }

    @Test func `percentiles average ties, as pandas does`() {
        let places = Percentiles([1, 2, 2, 5])
        #expect([1, 2, 5].map(places.percentile) == [25, 62.5, 100])
    }

    @Test func `a drawdown costs by how far the price has to come back`() {
        #expect(InvestorGrade.drawdownScore(0) == 100 && InvestorGrade.drawdownScore(-0.95) == 0)
        #expect(abs(InvestorGrade.drawdownScore(-0.9)) < 1e-9 && InvestorGrade.drawdownScore(-1) == 0)
        let (half, quarter) = (InvestorGrade.drawdownScore(-0.5), InvestorGrade.drawdownScore(-0.75))
        #expect(abs((100 - quarter) - 2 * (100 - half)) < 1e-9)
    }

    @Test func `what is missing is shared among the others, and with too little there is no grade`() {
        var grade = InvestorGrade(parts: [:], facts: 0, candles: 0)
        #expect(grade.value == nil)
        grade.parts = [.momentum: .init(input: 1, score: 80), .liquidity: .init(input: 1, score: 20)]
        #expect(grade.value == nil && abs(grade.dataQuality - 40) < 1e-9)
        grade.parts[.riskAdjusted] = .init(input: 1, score: 50)
        let sum = InvestorGrade.Component.allCases.reduce(0) { $0 + grade.contribution($1) }
        let expected = (0.25 * 80 + 0.25 * 50 + 0.15 * 20) / 0.65
        #expect(abs((grade.value ?? 0) - expected) < 1e-9 && abs(sum - expected) < 1e-9)
        #expect(grade.weight(.fundamentals) == 0)
    }

    @Test func `a sentence names what most of the grade comes from, and days that are missing are counted`() {
        var grade = InvestorGrade(parts: [:], facts: 0, candles: 0)
        grade.parts = [.momentum: .init(input: 1, score: 80), .riskAdjusted: .init(input: 1, score: 40)]
        #expect(
            grade.sentence(60) == "Grade 60.0, steady: most comes from momentum (40.0 of 50.0) and "
                + "risk adjusted (20.0 of 50.0).")
        var inputs = InvestorInputs(
            token: TokenID(UUID(high: 1, low: 1)), time: MarketDesk.day(49), candles: 40)
        #expect(inputs.missingLast100 == nil)
        (inputs.first, inputs.inLast100) = (MarketDesk.day(0), 40)
        #expect(inputs.missingLast100 == 10)
    }

    @Test func `grades come with the day, say what they are made of, and keep their revisions`() async throws
    {
        try await MarketDesk.with { _, desk in
            desk.time.move(to: MarketDesk.day(370))
            let (good, bad) = (Self.path(370, growth: 0.01), Self.path(370, growth: 0.001))
            try await desk.push("GOOD", closes: good, volume: 100)
            try await desk.push("BAD", closes: bad, volume: 1)
            try await desk.push("YOUNG", closes: [1, 2, 3], fromDay: 367)
            let fact = """
                {"token":"GOOD","name":"team","source":"a","value":90,"expires_at":"2025-03-01T00:00:00Z"}
                {"token":"GOOD","name":"team","source":"b","value":70,"expires_at":"2025-03-01T00:00:00Z"}
                {"token":"GOOD","name":"code","source":"a","value":40,"expires_at":"2025-03-01T00:00:00Z"}
                """
            _ = try await desk.call("POST", "facts", fact, type: "application/x-ndjson")
            try await desk.measure("investor-grades")
            let list = try await desk.get("grades/investor?source=x&why=true")
            let grades = list.json["data"]?.asArray ?? []
            #expect(grades.map { $0["symbol"]?.asString } == ["GOOD", "BAD"], "\(list.text)")
            for grade in grades {
                let components = grade["why"]?["components"]?.asArray ?? []
                let sum = components.reduce(0) { $0 + ($1["contribution"]?.asDouble ?? 0) }
                #expect(components.count == 5 && abs(sum - (grade["grade"]?.asDouble ?? -1)) < 1e-9)
            }
            #expect(grades[0]["missing"] == [] && grades[1]["missing"] == ["fundamentals"])
            for grade in grades { checkOrigin(of: grade) }
            #expect(abs((grades[1]["data_quality"]?.asDouble ?? 0) - 80) < 1e-9)
            let parts = grades[0]["why"]?["components"]?.asArray ?? []
            #expect(parts.map { $0["score"]?.asDouble }.last == 60)
            #expect(abs((parts[0]["input"]?.asDouble ?? 0) - Self.momentum(good)) < 1e-9)
            #expect(abs((parts[1]["input"]?.asDouble ?? 0) - Self.sortino(good)) < 1e-9)
            #expect(abs((parts[2]["input"]?.asDouble ?? 0) + 0.01) < 1e-9)
            try await history(desk)
            // The other's grade is what it was the day before.
            #expect(told(desk) == ["GOOD"])
            // Facts expire: the same day is graded again without them, as a revision.
            let then = desk.time.now
            desk.time.advance(.days(60))
            try await desk.measure("investor-grades")
            let now = try await desk.get("grades/investor?token=GOOD")
            #expect(now.json["data"]?[0]?["revision"] == 2 && told(desk) == ["GOOD", "GOOD later"])
            #expect(now.json["data"]?[0]?["missing"] == ["fundamentals"])
            #expect(now.json["data"]?[0]?["retroactive"] == true)
            let known = try await desk.get("grades/investor?token=GOOD&as_of=\(then)")
            #expect(known.json["data"]?[0]?["revision"] == 1)
            let count = try await desk.rows("select 1 from investor_grade_revision").count
            try await desk.measure("investor-grades")
            #expect(try await desk.rows("select 1 from investor_grade_revision").count == count)
            try await nextDay(desk, close: good[369] * 1.1)
            let first = try await desk.get("grades/investor?limit=1&sort=grade")
            let cursor = first.json["next_cursor"]?.asString ?? ""
            let second = try await desk.get("grades/investor?limit=1&sort=grade&cursor=\(cursor)")
            #expect(first.json["data"]?[0]?["symbol"] == "BAD", "\(first.text)")
            #expect(second.json["data"]?[0]?["symbol"] == "GOOD", "\(second.text)")
            #expect(try await desk.get("grades/investor?token=GOOD&sort=grade").status == 400)
        }
    }

    /// Which candles it was made of, and in one sentence from what.
    private func checkOrigin(of grade: JSONValue) {
        #expect(grade["missing_last_100"] == 0 && grade["candles"]?["count"] == 366)
        #expect(grade["candles"]?["from"]?.asString == MarketDesk.day(4).description)
        #expect(grade["candles"]?["to"]?.asString == MarketDesk.day(369).description)
        let sentence = grade["why"]?["sentence"]?.asString ?? ""
        #expect(sentence.hasPrefix("Grade ") && sentence.contains("most comes from "), "\(sentence)")
    }

    /// History is graded too, with what was known of each day, and told nowhere.
    private func history(_ desk: MarketDesk) async throws {
        let days = try await desk.get("grades/investor?token=GOOD&limit=200").json["data"]?.asArray ?? []
        #expect(days.count == 40 && days[0]["previous"] == days[1]["grade"])
        let event = desk.events.last { $0.type == .investorGradeChanged }
        #expect(days[0]["retroactive"] == false && event?.data["retroactive"] == false)
        #expect(days[1]["missing"] == ["fundamentals"] && days[1]["retroactive"] == true)
        #expect(days.last?["time"]?.asString == MarketDesk.day(330).description)
    }

    private func told(_ desk: MarketDesk) -> [String] {
        desk.events.filter { $0.type == .investorGradeChanged }.map {
            let isOld = $0.data["retroactive"] == true
            return ($0.data["symbol"]?.asString ?? "") + (isOld ? " later" : "")
        }.sorted()
    }

    private func nextDay(_ desk: MarketDesk, close: Double) async throws {
        try await desk.push("GOOD", closes: [close], fromDay: 370)
        try await desk.measure("investor-grades")
        desk.time.advance(.minutes(1))
        try await desk.measure("investor-grades")
        let next = try await desk.get("grades/investor?token=GOOD&why=true").json["data"]?.asArray ?? []
        #expect(next[0]["previous"] == next[1]["grade"])
        #expect(next[0]["time"]?.asString == MarketDesk.day(370).description)
        // Two months late: the list and what is told say the same of it.
        let event = desk.events.last { $0.type == .investorGradeChanged }
        #expect(next[0]["retroactive"] == true && next[0]["retroactive"] == event?.data["retroactive"])
    }

    private static func momentum(_ closes: [Double]) -> Double {
        let last = closes.count - 1
        return [90, 180, 365].reduce(0) { $0 + closes[last] / closes[last - $1] - 1 } / 3
    }

    /// As QuantStats defines it, over the last year.
    private static func sortino(_ closes: [Double]) -> Double {
        let year = closes.suffix(366)
        let returns = zip(year.dropFirst(), year).map { $0 / $1 - 1 }
        let mean = returns.reduce(0, +) / Double(returns.count)
        let falls = returns.reduce(0) { $0 + min($1, 0) * min($1, 0) } / Double(returns.count)
        return mean / falls.squareRoot() * 365.0.squareRoot()
    }
}
