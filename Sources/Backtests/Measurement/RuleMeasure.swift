package import Kernel

/// What a rule's positions earned on some tokens.
package struct RuleMeasure: Sendable {
    package let runs: [TokenRun]
    package let portfolio: Portfolio
    package let metrics: RiskMetrics
    package let trades: TradeSummary

    package init(_ runs: [TokenRun], periodsPerYear: Double) {
        self.runs = runs
        portfolio = Portfolio(runs)
        metrics = RiskMetrics(portfolio.returns, periodsPerYear: periodsPerYear)
        trades = TradeSummary(runs)
    }

    /// - Parameter decisions: of each token, at each of its closes. Tokens with too few bars are left out.
    package init(
        _ tokens: [TokenBars], _ decisions: [[Decision]], _ terms: MeasureTerms, from: Timestamp? = nil
    ) {
        let runs = zip(tokens, decisions).compactMap { token, decisions in
            TokenRun(decisions.map(\.isHeld), token.track, terms, from: from)
        }
        self.init(runs, periodsPerYear: terms.periodsPerYear)
    }
}
