import Kernel
import Signals

/// What whoever reads a report has to know before they believe it.
struct BacktestWarning: Equatable, Sendable {
    let code: String
    let message: String
}

extension BacktestReport {
    private static let fewTrades = 30
    private static let highHitRate = 0.55
    private static let lowProfitFactor = 1.5
    private static let fewTokens = 5

    private static func count(_ number: Int, _ what: String) -> String {
        number == 1 ? "1 \(what)" : "\(number) \(what)s"
    }

    var warnings: [BacktestWarning] {
        [
            failing, few, misleading, timed, behind, prefix, survivors, cut, young, concentrated, unstable,
            gateless,
        ].compactMap { $0 }
    }

    private var failing: BacktestWarning? {
        errors.sentence(request.rule).map { BacktestWarning(code: "rule_errors", message: $0) }
    }

    private var few: BacktestWarning? {
        measure.trades.count >= Self.fewTrades
            ? nil
            : BacktestWarning(
                code: "few_trades",
                message:
                    "\(Self.count(measure.trades.count, "trade")): under \(Self.fewTrades) nearly all of it "
                    + "is luck"
            )
    }

    private var misleading: BacktestWarning? {
        guard let hits = measure.trades.hitRate, hits > Self.highHitRate,
            let factor = measure.trades.profitFactor, factor < Self.lowProfitFactor
        else { return nil }
        return BacktestWarning(
            code: "hit_rate_misleads",
            message: "many small gains and few large losses: the hit rate is high, the profit factor is not")
    }

    private var timed: BacktestWarning? {
        guard let p = timing.pCommon, p > 0.05 else { return nil }
        return BacktestWarning(
            code: "like_random_timing",
            message: "the same positions at other times did as well in more than 5 % of the draws")
    }

    private var behind: BacktestWarning? {
        let ours = measure.metrics.sharpe ?? 0
        let better = rivals.filter { ($0.measure.metrics.sharpe ?? 0) > ours }.map(\.rival.name)
        return better.isEmpty
            ? nil
            : BacktestWarning(
                code: "behind_rivals", message: "a better Sharpe ratio has: " + better.joined(separator: ", ")
            )
    }

    private var prefix: BacktestWarning? {
        prefixes.passes
            ? nil
            : BacktestWarning(code: "looks_ahead", message: "the rule decides otherwise where candles end")
    }

    /// A token that a gap cut off ended there, whoever trades under its ticker since. Days that nobody
    /// uploaded yet are no death.
    private var survivors: BacktestWarning? {
        let ends = tokens.compactMap(\.candles.last?.openTime)
        guard let last = ends.max(), ends.allSatisfy({ last - $0 < TokenBars.longGap }) else { return nil }
        return BacktestWarning(
            code: "survivors_only",
            message:
                "no token ends a week or more before the last one: those that died are not here, and every "
                + "rule gains")
    }

    private var cut: BacktestWarning? {
        let cuts = tokens.compactMap { token in
            token.cut.map { "\(token.symbol) after \($0.last) (goes on at \($0.next))" }
        }
        return cuts.isEmpty
            ? nil
            : BacktestWarning(
                code: "cut_at_gap", message: "ended before a gap of a week: " + cuts.joined(separator: ", "))
    }

    private var young: BacktestWarning? {
        leftOut.isEmpty
            ? nil
            : BacktestWarning(
                code: "left_out", message: "too few candles, left out: " + leftOut.joined(separator: ", "))
    }

    private var concentrated: BacktestWarning? {
        measure.runs.count >= Self.fewTokens
            ? nil
            : BacktestWarning(
                code: "few_tokens",
                message: "\(Self.count(measure.runs.count, "token")): expect deeper drawdowns than these")
    }

    private var unstable: BacktestWarning? {
        request.rule.lookBack <= request.warmUp
            ? nil
            : BacktestWarning(
                code: "short_warm_up",
                message: "the rule needs \(request.rule.lookBack) bars, the warm-up has \(request.warmUp)")
    }

    private var gateless: BacktestWarning? {
        hasMarket || !request.rule.readsMarket
            ? nil
            : BacktestWarning(
                code: "no_market", message: "there is no BTC series of this source: the gate is open")
    }
}
