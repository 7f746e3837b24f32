import JSON
import Kernel
package import Signals

/// A backtest on its way: what all rules decided on the tokens that were taken so far. A value, so that a
/// step may be made on another thread.
package struct BacktestWork: Sendable {
    private let request: BacktestRequest
    private let market: [Candle]
    private let gate: MarketGate
    private var tokens: [TokenBars] = []
    private var leftOut: [String] = []
    private var runs: [TokenRun] = []
    private var holding: [TokenRun] = []
    private var rivals: [[TokenRun]] = Array(repeating: [], count: Rival.all.count)
    private var prefixes = PrefixTest()
    private var errors = RuleErrors()

    package init(_ request: BacktestRequest, market: [Candle], gate: MarketGate) {
        (self.request, self.market, self.gate) = (request, market, gate)
    }

    package mutating func take(_ token: TokenBars) throws {
        tokens.append(token)
        let decisions = try token.decide(request.rule, gate)
        guard let run = measured(decisions, token) else { return leftOut.append(token.symbol) }
        runs.append(run)
        errors.take(token, decisions)
        try prefixes.check(request.rule, token, market: market, against: decisions)
        for (place, rival) in Rival.all.enumerated() {
            guard let run = measured(try token.decide(rival.rule, gate), token) else { continue }
            rivals[place].append(run)
            if rival.rule.kind == .always { holding.append(run) }
        }
    }

    /// Nil where the rule came to something.
    package var failure: RuleFailure? { errors.hopeless(request.rule) }

    private func measured(_ decisions: [Decision], _ token: TokenBars) -> TokenRun? {
        TokenRun(decisions.map(\.isHeld), token.track, request.terms, from: request.from)
    }

    /// What is left to be drawn.
    package func luck(_ draws: BacktestDraws) -> BacktestLuck {
        let periods = request.terms.periodsPerYear
        let seed = UInt64(request.seed)
        let (ours, held) = (Portfolio(runs), Portfolio(holding))
        return BacktestLuck(
            draws: draws,
            bootstrap: Bootstrap(
                ours.returns, against: held.returns, periodsPerYear: periods, seed: seed),
            timing: RandomTiming(runs, costPerSide: request.terms.costPerSide, seed: seed))
    }

    package func report(_ luck: BacktestLuck) -> BacktestReport {
        let periods = request.terms.periodsPerYear
        return BacktestReport(
            request: request, tokens: tokens, leftOut: leftOut,
            hasMarket: !market.isEmpty, measure: RuleMeasure(runs, periodsPerYear: periods),
            holding: RuleMeasure(holding, periodsPerYear: periods),
            rivals: zip(Rival.all, rivals).map {
                (rival: $0, measure: RuleMeasure($1, periodsPerYear: periods))
            },
            bootstrap: luck.bootstrap, timing: luck.timing, prefixes: prefixes, errors: errors)
    }
}

/// How often is drawn.
package struct BacktestDraws: Equatable, Sendable {
    package var bootstrap = 2_000
    package var timing = 1_000
    /// At once, off the loop; between two of them it is asked whether to go on.
    package var perStep = 250

    package init() {}

    var steps: Int { (bootstrap + timing) / perStep }
}

/// The draws of a backtest.
package struct BacktestLuck: Sendable {
    let draws: BacktestDraws
    var bootstrap: Bootstrap
    var timing: RandomTiming
    private var steps = 0

    init(draws: BacktestDraws, bootstrap: Bootstrap, timing: RandomTiming) {
        (self.draws, self.bootstrap, self.timing) = (draws, bootstrap, timing)
    }

    /// The bootstrap first, then the timing.
    package mutating func drawStep() {
        if steps < draws.bootstrap / draws.perStep {
            bootstrap.draw(draws.perStep)
        } else {
            timing.draw(draws.perStep)
        }
        steps += 1
    }
}

extension BacktestReport {
    /// As it is kept.
    package var rendered: (report: [UInt8], chart: [UInt8]) {
        var w = JSONWriter()
        w.value(self)
        let equity = EquityCurve(measure.portfolio.returns)
        let chart = EquityChart(
            title: request.name, dates: measure.portfolio.dates, equity: equity.values,
            holding: EquityCurve(holding.portfolio.returns).values, drawdowns: equity.drawdowns)
        return (w.bytes, Array(chart.svg.utf8))
    }
}
