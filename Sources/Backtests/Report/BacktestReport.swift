package import JSON
import Kernel
import Signals

/// Everything that is told of a backtest, always together: a hit rate without a profit factor, or a Sharpe
/// ratio without what luck makes, misleads.
package struct BacktestReport: Sendable {
    /// Points of the equity curve; of a longer one every so many is told.
    static let mostPoints = 1_000
    /// Differing prefixes that are told.
    static let mostDifferences = 20

    let request: BacktestRequest
    let tokens: [TokenBars]
    let leftOut: [String]
    let hasMarket: Bool
    let measure: RuleMeasure
    let holding: RuleMeasure
    let rivals: [(rival: Rival, measure: RuleMeasure)]
    let bootstrap: Bootstrap
    let timing: RandomTiming
    let prefixes: PrefixTest
    let errors: RuleErrors

    static let notice = "Not investment advice. Past candles say little about those to come."
}

extension BacktestReport: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("notice", Self.notice)
            w.field("rule_digest", request.rule.digest.hex)
            w.field("look_back", request.rule.lookBack)
            w.field("stable_from", request.rule.firstStable)
            w.field("periods_per_year", request.terms.periodsPerYear)
            w.field("from", measure.portfolio.dates.first?.description)
            w.field("to", measure.portfolio.dates.last?.description)
            w.field("periods", measure.portfolio.dates.count)
            w.object("result") { w in result(measure, to: &w) }
            w.object("buy_and_hold") { w in result(holding, to: &w) }
            luck(to: &w)
            w.array("rivals", rivals) { w, rival in
                w.object { w in
                    w.field("name", rival.rival.name)
                    w.field("title", rival.rival.title)
                    w.field("rule", rival.rival.rule)
                    w.object("result") { w in result(rival.measure, to: &w) }
                }
            }
            folds(to: &w)
            prefixTest(to: &w)
            tokenList(to: &w)
            curve(to: &w)
            w.array("warnings", warnings) { w, warning in
                w.object { w in
                    w.field("code", warning.code)
                    w.field("message", warning.message)
                }
            }
        }
    }

    private func result(_ measure: RuleMeasure, to w: inout JSONWriter) {
        let (metrics, trades) = (measure.metrics, measure.trades)
        w.field("sharpe", metrics.sharpe)
        w.field("sortino", metrics.sortino)
        w.field("max_drawdown", metrics.maxDrawdown)
        w.field("cagr", metrics.cagr)
        w.field("total_return", metrics.totalReturn)
        w.field("volatility", metrics.volatility)
        w.field("skew", metrics.skew)
        w.field("kurtosis", metrics.kurtosis)
        w.field("value_at_risk", metrics.valueAtRisk)
        w.field("tail_ratio", metrics.tailRatio)
        w.field("trades", trades.count)
        w.field("trades_cut_by_end", trades.cutByEnd)
        w.field("hit_rate", trades.hitRate)
        w.field("profit_factor", trades.profitFactor)
        w.field("expectancy", trades.expectancy)
        w.field("best_trade", trades.best)
        w.field("worst_trade", trades.worst)
        w.field("exposure", trades.exposure)
    }

    private func luck(to w: inout JSONWriter) {
        w.object("bootstrap") { w in
            w.field("method", "stationary")
            w.field("draws", bootstrap.draws)
            w.field("mean_block", Bootstrap.meanBlock)
            interval("sharpe", bootstrap.sharpe, to: &w)
            interval("max_drawdown", bootstrap.drawdown, to: &w)
            interval("sharpe_less_buy_and_hold", bootstrap.lead, to: &w)
            w.field("p_not_better", bootstrap.notBetter)
        }
        w.object("random_timing") { w in
            w.field("draws", timing.draws)
            w.field("p_per_token", timing.pPerToken)
            w.field("p_common", timing.pCommon)
        }
    }

    private func interval(_ name: String, _ interval: Bootstrap.Interval?, to w: inout JSONWriter) {
        w.object(name) { w in
            w.field("lower", interval?.lower)
            w.field("median", interval?.median)
            w.field("upper", interval?.upper)
        }
    }

    private func prefixTest(to w: inout JSONWriter) {
        w.object("prefix_test") { w in
            w.field("passes", prefixes.passes)
            w.field("checked", prefixes.checked)
            w.array("differences", prefixes.differences.prefix(Self.mostDifferences)) { w, difference in
                w.object { w in
                    w.field("symbol", difference.symbol)
                    w.field("time", difference.time.description)
                }
            }
        }
    }

    private func tokenList(to w: inout JSONWriter) {
        w.array("tokens", tokens) { w, token in
            w.object { w in
                w.field("symbol", token.symbol)
                w.field("first", token.candles.first?.openTime.description)
                w.field("last", token.candles.last?.openTime.description)
                w.field("candles", token.candles.count)
                w.field("missing", token.missing)
                w.field("cut_at", token.cut?.last.description)
                w.field("measured", !leftOut.contains(token.symbol))
            }
        }
    }

    private func curve(to w: inout JSONWriter) {
        let (equity, held) = (EquityCurve(measure.portfolio.returns), EquityCurve(holding.portfolio.returns))
        let drawdowns = equity.drawdowns
        let step = max(1, (equity.values.count + Self.mostPoints - 1) / Self.mostPoints)
        let last = equity.values.count - 1
        w.field("equity_every", step)
        w.array("equity", equity.values.indices.filter { $0 % step == 0 || $0 == last }) { w, place in
            w.object { w in
                w.field("time", measure.portfolio.dates[place].description)
                w.field("equity", equity.values[place])
                w.field("drawdown", drawdowns[place])
                w.field("buy_and_hold", held.values[place])
            }
        }
    }
}

extension [UInt8] {
    var hex: String { map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined() }
}
