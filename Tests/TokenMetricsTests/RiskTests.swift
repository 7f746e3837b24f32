import JSON
import Testing

@testable import TokenMetrics

struct RiskTests {
    @Test func `risk metrics are those of the closes, from the first day on`() async throws {
        try await ReadingDesk.with { _, desk in
            // More than a page of closes.
            try await desk.push("ETH", days: 1_200)
            try await desk.push(["ONE,1d,2024-01-01,1,1,1,1,1"])
            let rows = try await desk.rows("/v2/quantmetrics?limit=1000&page=0")
            #expect(
                rows[0].names == [
                    "TOKEN_ID", "TOKEN_NAME", "TOKEN_SYMBOL", "VOLATILITY", "ALL_TIME_RETURN", "CAGR",
                    "SHARPE",
                    "SORTINO", "MAX_DRAWDOWN", "SKEW", "TAIL_RATIO", "RISK_REWARD_RATIO", "PROFIT_FACTOR",
                    "KURTOSIS", "DAILY_VALUE_AT_RISK", "DAILY_RETURN_AVG", "DAILY_RETURN_STD",
                ])
            let closes = try ReadingDesk.rows("ETH").prefix(1_200).map {
                Double($0.split(separator: ",")[6]) ?? 0
            }
            let returns = zip(closes, closes.dropFirst()).map { $1 / $0 - 1 }
            let n = Double(returns.count)
            let mean = returns.reduce(0, +) / n
            let deviation = (returns.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / (n - 1)).squareRoot()
            let downside = (returns.map { min($0, 0) * min($0, 0) }.reduce(0, +) / n).squareRoot()
            for (name, value) in [
                ("DAILY_RETURN_AVG", mean), ("DAILY_RETURN_STD", deviation),
                ("VOLATILITY", deviation * 365.0.squareRoot()),
                ("SHARPE", mean / deviation * 365.0.squareRoot()),
                ("SORTINO", mean / downside * 365.0.squareRoot()),
                ("ALL_TIME_RETURN", closes[1_199] / closes[0] - 1), ("RISK_REWARD_RATIO", mean / deviation),
                ("DAILY_VALUE_AT_RISK", mean - 1.6448536269514722 * deviation),
            ] {
                #expect(abs((rows[0].number(name) ?? .nan) - value) < 1e-12 * max(1, abs(value)), "\(name)")
            }
            #expect(rows[1].names == rows[0].names && rows[1]["SHARPE"] == .null, "one day has no return")
        }
    }

    @Test func `correlations are those of the moves that two tokens have in common`() async throws {
        try await ReadingDesk.with { _, desk in
            let until = "2021-12-31"
            for token in ["BTC", "ETH", "SOL"] {
                let rows = try ReadingDesk.rows(token).filter { $0.split(separator: ",")[2] < until }
                try await desk.push(Array(rows.suffix(120)))
            }
            try await desk.push(["NEW,1d,2021-12-30,1,1,1,1,1"])
            let rows = try await desk.rows("/v2/correlation?symbol=SOL,NEW&page=0")
            #expect(rows.map { $0.text("TOKEN_SYMBOL") } == ["SOL", "NEW"])
            #expect(rows[0].names == ["TOKEN_ID", "TOKEN_NAME", "TOKEN_SYMBOL", "TOP_CORRELATION"])
            #expect(rows[1]["TOP_CORRELATION"] == [], "one day has no move")
            let partners = rows[0]["TOP_CORRELATION"]?.asArray ?? []
            #expect(Set(partners.map { $0.text("token") }) == ["BTC", "ETH"])
            let values = partners.compactMap { $0.number("correlation") }
            #expect(values == values.sorted(by: >))
            for partner in partners {
                #expect(partner.whole("days") == 90)
                let other = try moves(partner.text("token") ?? "", until)
                let own = try moves("SOL", until)
                let expected = correlation(own, other)
                #expect(abs((partner.number("correlation") ?? .nan) - expected) < 1e-12)
            }
        }
    }

    private func moves(_ token: String, _ until: String) throws -> [Double] {
        let closes = try ReadingDesk.rows(token).filter { $0.split(separator: ",")[2] < until }.suffix(91)
            .map { Double($0.split(separator: ",")[6]) ?? 0 }
        return zip(closes, closes.dropFirst()).map { $1 / $0 - 1 }
    }

    private func correlation(_ a: [Double], _ b: [Double]) -> Double {
        let (meanA, meanB) = (a.reduce(0, +) / Double(a.count), b.reduce(0, +) / Double(b.count))
        let product = zip(a, b).map { ($0 - meanA) * ($1 - meanB) }.reduce(0, +)
        let squares = [(a, meanA), (b, meanB)].map { row, mean in
            row.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
        }
        return product / (squares[0] * squares[1]).squareRoot()
    }
}
