/// The trades of all tokens pooled, and how much of the time was held.
package struct TradeSummary: Equatable, Sendable {
    package let count: Int
    /// Part of the trades with a gain.
    package let hitRate: Double?
    /// Sum of gains / |sum of losses|; nil without a loss.
    package let profitFactor: Double?
    /// Mean return of a trade.
    package let expectancy: Double?
    package let best: Double?
    package let worst: Double?
    /// Part of all token-days that was held.
    package let exposure: Double?
    /// Trades that ended only because the candles did.
    package let cutByEnd: Int

    package init(_ runs: [TokenRun]) {
        let trades = runs.flatMap(\.trades)
        let returns = trades.map(\.netReturn)
        let (gains, losses) = (returns.filter { $0 > 0 }, returns.filter { $0 < 0 })
        count = trades.count
        hitRate = RiskMetrics.ratio(Double(gains.count), Double(returns.count))
        profitFactor = RiskMetrics.ratio(gains.total, -losses.total)
        expectancy = RiskMetrics.ratio(returns.total, Double(returns.count))
        (best, worst) = (returns.max(), returns.min())
        let days = runs.reduce(0) { $0 + $1.held.count }
        let held = runs.reduce(0) { $0 + $1.held.count { $0 } }
        exposure = RiskMetrics.ratio(Double(held), Double(days))
        cutByEnd = trades.count { $0.isCutByEnd }
    }
}
