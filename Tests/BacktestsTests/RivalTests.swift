import Backtests
import Signals
import Testing

/// What TA-Lib and pandas make of the same candles stands in `Tests/Fixtures/backtests/rivals.csv`.
struct RivalTests {
    @Test func `every rival equals the independent table`() throws {
        let tokens = try Market.tokens()
        let gate = MarketGate(.day, tokens[1].candles)
        let table = try Fixture.table("rivals.csv")
        #expect(table.map { $0["rule"] } == Rival.all.map(\.name))
        for (rival, row) in zip(Rival.all, table) {
            let decisions = try tokens.map { try $0.decide(rival.rule, gate) }
            let measure = RuleMeasure(tokens, decisions, MeasureTerms())
            let (metrics, trades) = (measure.metrics, measure.trades)
            let values: [(String, Double?)] = [
                ("days", Double(measure.portfolio.dates.count)), ("sharpe", metrics.sharpe),
                ("max_drawdown", metrics.maxDrawdown), ("cagr", metrics.cagr),
                ("total_return", metrics.totalReturn), ("trades", Double(trades.count)),
                ("hit_rate", trades.hitRate), ("profit_factor", trades.profitFactor),
                ("expectancy", trades.expectancy), ("exposure", trades.exposure),
            ]
            for (name, value) in values {
                let wanted = row[name].flatMap(Double.init)
                let isSame = value == nil && wanted == nil
                let distance = abs((value ?? .nan) - (wanted ?? .nan)) / max(1, abs(wanted ?? 0))
                #expect(
                    isSame || distance <= 1e-9,
                    "\(rival.name) \(name): \(value ?? .nan), not \(wanted ?? .nan)")
            }
        }
    }

    @Test func `there are ten, each with a name of its own`() {
        #expect(Rival.all.count == 10)
        #expect(Set(Rival.all.map(\.name)).count == 10)
        #expect(Set(Rival.all.map(\.rule.digest)).count == 10)
    }

    @Test func `no rival decides otherwise where the candles end earlier`() throws {
        let tokens = [TokenBars("SOL", .day, Array(try Market.candles("SOL").prefix(120)))]
        let market = try Market.candles("BTC").filter { $0.openTime <= tokens[0].candles[119].openTime }
        for rival in Rival.all where ["donchian_20_10", "macd", "trader_v0_gate"].contains(rival.name) {
            var test = PrefixTest()
            let decisions = try tokens[0].decide(rival.rule, MarketGate(.day, market))
            try test.check(rival.rule, tokens[0], market: market, against: decisions)
            #expect(test.passes && test.checked == 120)
        }
    }
}
