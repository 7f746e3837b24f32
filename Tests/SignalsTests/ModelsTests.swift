import EventLoop
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Signals

/// Two models side by side: both are stored, one is told.
struct ModelsTests {
    private nonisolated(nonsending) func models(_ desk: Desk, _ target: String) async throws -> Set<String> {
        let answer = try await desk.get(target)
        #expect(answer.status == 200, "\(answer.text)")
        return Set((answer.json["data"]?.asArray ?? []).compactMap { $0["model"]?.asString })
    }

    @Test func `both are stored, the told one makes events and is what lists show`() async throws {
        let candles = Array(try CandleFixture.candles("SOL").prefix(250))
        let told = try #require(GradeModels([.traderV1, .traderV0]))
        try await Desk.with(models: told) { _, desk in
            _ = try await desk.upload("source=x", candles.csv("SOL"))
            let spoken = desk.events.filter { $0.type == .gradeChanged || $0.type == .signalOpened }
            #expect(!spoken.isEmpty && spoken.allSatisfy { $0.data["model"] == "trader/v1" })
            for list in [
                "grades/trader?interval=1d&token=SOL", "grades/trader?interval=1d", "signals?limit=200",
            ] {
                #expect(try await models(desk, "/v1/\(list)") == ["trader/v1"])
                #expect(try await models(desk, "/v1/\(list)&model=trader/v0") == ["trader/v0"])
            }
            #expect(try await desk.get("/v1/signals?model=trader/v9").status == 400)
            let answer = try await desk.get("/v1/grades/trader?interval=1d&token=SOL&why=true&limit=1")
            let why = answer.json["data"]?[0]?["why"]
            #expect(why?["components"]?[0]?["components"]?[3]?["name"] == "channel_80")
            var analysis = SeriesAnalysis(.day)
            let pure = analysis.update(candles, gate: nil).last?.grade(of: .traderV1)
            #expect(answer.json["data"]?[0]?["grade"]?.asDouble == pure?.value)
        }
    }

    @Test func `a model that is switched on later grades what is there, and changes nothing of the other`()
        async throws
    {
        let candles = Array(try CandleFixture.candles("SOL").prefix(120))
        let one = try #require(GradeModels([.traderV0]))
        try await Desk.with(models: one) { worker, desk in
            _ = try await desk.upload("source=x", candles.csv("SOL"))
            #expect(try await desk.rows("select 1 from grade where model_number = 1").isEmpty)
            let events = desk.events.count
            let both = Analyst(ledger: desk.ledger, reactor: worker.reactor)
            both.start(on: worker)
            _ = try await both.sweepAndSettle(within: .seconds(30))
            both.stop()
            #expect(try await desk.rows("select 1 from grade where model_number = 1").count == 110)
            #expect(try await desk.rows("select 1 from grade where model_number = 0").count == 91)
            #expect(try await desk.rows("select 1 from grade_revision").isEmpty)
            #expect(desk.events.count == events)
        }
    }

    @Test func `a market gate that is switched off makes all signals anew, once, and on again too`()
        async throws
    {
        // Through the summer of 2021, when the gate closed.
        let days = (Timestamp("2020-10-01") ?? .never)...(Timestamp("2021-08-15") ?? .never)
        let sol = try CandleFixture.candles("SOL").filter { days.contains($0.openTime) }
        let btc = try CandleFixture.candles("BTC").filter { days.contains($0.openTime) }
        try await Desk.with(isAnalysing: false) { worker, desk in
            desk.analyst.stop()
            _ = try await desk.upload("source=x", btc.csv("BTC"))
            _ = try await desk.upload("source=x", sol.csv("SOL"))
            for isOn in [true, false, true] {
                var models = GradeModels.usual
                models.usesMarketGate = isOn
                // The second node finds that all is as it should be.
                for count in [nil, 0] as [Int?] {
                    let node = Analyst(ledger: desk.ledger, reactor: worker.reactor, models: models)
                    node.start(on: worker)
                    let first = try await node.sweepAndSettle(within: .seconds(60))
                    if let count { #expect(first == count) }
                    while try await node.sweepAndSettle(within: .seconds(60)) > 0 {}
                    node.stop()
                }
                let stored = try await desk.rows(
                    "select decided_at, body::json->'gate'->>'reason' from signal "
                        + "where not withdrawn and direction = 'bullish' order by decided_at, model_number")
                #expect(stored.count > 2 && stored.allSatisfy { ($0.text(1) == "market gate off") == !isOn })
                var pure = SeriesAnalysis(.day, models: models)
                let outcomes = pure.update(sol, gate: MarketGate(.day, btc))
                let decided = outcomes.flatMap(\.allChanges).map(\.signal).filter { $0.direction == .bullish }
                let solOnly = try await desk.rows(
                    """
                    select decided_at from signal s join series e on e.id = s.series
                        join ticker t using (token_id)
                    where t.symbol = 'SOL' and not withdrawn and direction = 'bullish'
                    """)
                #expect(Set(solOnly.map { $0.timestamp(0) }) == Set(decided.map(\.decisionCandle)))
            }
        }
    }

    @Test func `who makes a model in the same moment as somebody else has the number that was made`()
        async throws
    {
        try await Desk.with { worker, desk in
            var second: Task<Int, any Error>?
            let first = try await desk.database.transaction { transaction in
                let number = try await GradeStore.number(of: "m", "h", in: transaction)
                second = Task {
                    _ = worker
                    return try await desk.database.transaction {
                        try await GradeStore.number(of: "m", "h", in: $0)
                    }
                }
                try await wait(until: "the second waits for the first") {
                    try await desk.rows(Self.waiting).count == 1
                }
                return number
            }
            #expect(try await second?.value == first)
        }
    }

    private static let waiting =
        "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"

    @Test func `models are named once, and one at least`() {
        #expect(GradeModels([]) == nil && GradeModels([.traderV0, .traderV0]) == nil)
        #expect(GradeModels([.traderV1])?.told == .traderV1 && GradeModels.usual.told == .traderV0)
    }
}
