import Backtests
import Foundation
import Testing

/// What QuantStats says of the same returns stands in `Tests/Fixtures/backtests/risk.csv`, made by `risk.py`.
struct RiskMetricsTests {
    @Test func `every metric equals QuantStats`() throws {
        let table = try Fixture.table("risk.csv")
        #expect(table.count == 4)
        for row in table {
            let metrics = RiskMetrics(try returns(row))
            let values: [(String, Double?)] = [
                ("total_return", metrics.totalReturn), ("cagr", metrics.cagr), ("mean", metrics.mean),
                ("standard_deviation", metrics.standardDeviation), ("volatility", metrics.volatility),
                ("sharpe", metrics.sharpe), ("sortino", metrics.sortino),
                ("max_drawdown", metrics.maxDrawdown), ("skew", metrics.skew),
                ("kurtosis", metrics.kurtosis), ("value_at_risk", metrics.valueAtRisk),
                ("tail_ratio", metrics.tailRatio), ("profit_factor", metrics.profitFactor),
                ("payoff_ratio", metrics.payoffRatio), ("risk_return_ratio", metrics.riskReturnRatio),
            ]
            for (name, value) in values {
                let wanted = try #require(row[name].flatMap(Double.init))
                let close = try abs(#require(value) - wanted) <= 1e-12 * max(1, abs(wanted))
                #expect(close, "\(row["name"] ?? "") \(name): \(value ?? .nan) is not \(wanted)")
            }
        }
    }

    @Test func `what has no answer is nil, never zero or infinite`() {
        let none = RiskMetrics([])
        #expect(none.sharpe == nil && none.mean == nil && none.cagr == nil && none.tailRatio == nil)
        #expect(none.totalReturn == 0 && none.maxDrawdown == 0)
        let one = RiskMetrics([0.01])
        #expect(one.mean == 0.01 && one.standardDeviation == nil && one.sharpe == nil)
        let steady = RiskMetrics([0.01, 0.01, 0.01, 0.01])
        #expect(steady.sharpe == nil && steady.sortino == nil && steady.skew == nil)
        #expect(steady.kurtosis == nil && steady.profitFactor == nil && steady.payoffRatio == nil)
        let flat = RiskMetrics([0, 0, 0, 0])
        #expect(flat.sharpe == nil && flat.totalReturn == 0 && flat.tailRatio == nil)
    }

    @Test func `a drawdown is counted from the beginning too`() {
        #expect(abs(RiskMetrics([-0.2, 0.1]).maxDrawdown + 0.2) < 1e-15)
        #expect(EquityCurve([0.5, -0.5, 0.2]).drawdowns[1] == -0.5)
        #expect(RiskMetrics([-1, 0.5]).cagr == -1)
    }

    private func returns(_ row: [String: String]) throws -> [Double] {
        func number(_ name: String) throws -> Double { try #require(row[name].flatMap(Double.init)) }
        let (drift, width) = (try number("drift"), try number("width"))
        var state = UInt64(try number("seed"))
        func draw() -> Double {
            state = (state &* 1_103_515_245 + 12_345) % (1 << 31)
            return Double(state) / Double(1 << 31)
        }
        return (0..<Int(try number("count"))).map { _ in
            let first = draw()
            let sum = first + draw() - 1
            return drift + width * (sum * sum * sum)
        }
    }
}
