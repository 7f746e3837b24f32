import Kernel
import Testing

@testable import Backtests

struct EquityChartTests {
    private func chart(_ equity: [Double]) -> String {
        let curve = EquityCurve(zip([1] + equity, equity).map { $1 / $0 - 1 })
        return EquityChart(
            title: "a & b", dates: equity.indices.map { Timestamp(seconds: Int64($0) * 86_400) },
            equity: equity, holding: equity, drawdowns: curve.drawdowns
        ).svg
    }

    @Test func `it says in words what it shows`() {
        let svg = chart([1.5, 0.75, 3])
        #expect(svg.contains("<title id=\"title\">a &amp; b</title>"))
        #expect(svg.contains("From 1970-01-01 to 1970-01-03 the rule made 3.0 of 1"))
        #expect(svg.contains("deepest fall from a peak was 50.0 percent"))
        #expect(svg == chart([1.5, 0.75, 3]))
    }

    @Test func `prices at the ends of a double's range are drawn, and nothing breaks`() {
        for equity in [[.infinity, .infinity], [0, 0], [.nan, 1], [], [1], [1, 1]] as [[Double]] {
            #expect(chart(equity).hasSuffix("</svg>\n"))
        }
    }
}
