import Backtests
import JSON

/// What holding a token was like, from the first of its days to the newest. Figures are parts, not percent;
/// their definitions are those of QuantStats with 365 days a year.
struct RiskOfToken: Sendable {
    var name: TokenName
    /// Nil before there are two days.
    var metrics: RiskMetrics?

    init(_ history: CloseHistory) {
        name = history.name
        let returns = zip(history.closes, history.closes.dropFirst()).map { before, close in
            close / before - 1
        }
        metrics = returns.isEmpty ? nil : RiskMetrics(returns)
    }

    func write(to w: inout JSONWriter) {
        w.names(of: name)
        w.field("VOLATILITY", metrics?.volatility)
        w.field("ALL_TIME_RETURN", metrics?.totalReturn)
        w.field("CAGR", metrics?.cagr)
        w.field("SHARPE", metrics?.sharpe)
        w.field("SORTINO", metrics?.sortino)
        w.field("MAX_DRAWDOWN", metrics?.maxDrawdown)
        w.field("SKEW", metrics?.skew)
        w.field("TAIL_RATIO", metrics?.tailRatio)
        w.field("RISK_REWARD_RATIO", metrics?.riskReturnRatio)
        w.field("PROFIT_FACTOR", metrics?.profitFactor)
        w.field("KURTOSIS", metrics?.kurtosis)
        w.field("DAILY_VALUE_AT_RISK", metrics?.valueAtRisk)
        w.field("DAILY_RETURN_AVG", metrics?.mean)
        w.field("DAILY_RETURN_STD", metrics?.standardDeviation)
    }
}
