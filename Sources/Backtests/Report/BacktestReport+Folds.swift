import JSON
import Kernel

/// Walking forward: how the same rule did in one part of the time after the other; and, beside it, what a
/// person would have had who at each part's beginning took up the rival that had been best so far.
extension BacktestReport {
    private var ranges: [Range<Int>] {
        Fold.ranges(measure.portfolio.dates.count, folds: request.folds)
    }

    func folds(to w: inout JSONWriter) {
        let dates = measure.portfolio.dates
        w.array("folds", ranges) { w, range in
            let best = range.lowerBound == 0 ? nil : bestRival(before: range.lowerBound)
            w.object { w in
                w.field("from", dates[range.lowerBound].description)
                w.field("to", dates[range.upperBound - 1].description)
                w.field("periods", range.count)
                w.object("result") { w in part(measure, range, to: &w) }
                w.object("buy_and_hold") { w in part(holding, range, to: &w) }
                w.field("best_rival_before", best?.rival.name)
                w.object("best_rival") { w in part(best?.measure, range, to: &w) }
            }
        }
        let better = ranges.count { range in
            (sharpe(measure, range) ?? 0) > (sharpe(holding, range) ?? 0)
        }
        w.field("folds_better_than_buy_and_hold", better)
    }

    private func part(_ measure: RuleMeasure?, _ range: Range<Int>, to w: inout JSONWriter) {
        let metrics = measure.map { self.metrics($0, range) }
        w.field("sharpe", metrics?.sharpe)
        w.field("max_drawdown", metrics?.maxDrawdown)
        w.field("total_return", metrics?.totalReturn)
    }

    private func metrics(_ measure: RuleMeasure, _ range: Range<Int>) -> RiskMetrics {
        RiskMetrics(
            Array(measure.portfolio.returns[range]), periodsPerYear: request.terms.periodsPerYear)
    }

    private func sharpe(_ measure: RuleMeasure, _ range: Range<Int>) -> Double? {
        metrics(measure, range).sharpe
    }

    private func bestRival(before end: Int) -> (rival: Rival, measure: RuleMeasure)? {
        let known = rivals.compactMap { rival in
            sharpe(rival.measure, 0..<end).map { (rival: rival, sharpe: $0) }
        }
        return known.max { $0.sharpe < $1.sharpe }?.rival
    }
}
