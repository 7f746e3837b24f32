import Backtests
import Kernel
import Signals

/// Whether what is told of a candle hangs on one that came after it, of every candle of a folder: the tests
/// do that for the few tokens that are in the repository.
struct PrefixCheck {
    private let market: [Candle]
    private let gate: MarketGate

    init(market: [Candle]) {
        self.market = market
        gate = MarketGate(.day, market)
    }

    private struct Seen: Equatable {
        let outcome: BarOutcome
        let levels: Levels?
    }

    /// Candles at which somebody who has nothing of the next one sees something else.
    func differing(_ candles: [Candle]) -> Int {
        let all = seen(candles, gate)
        var (analysis, growing, next) = (SeriesAnalysis(.day), MarketGate(.day), 0)
        var count = 0
        for (index, candle) in candles.enumerated() {
            while next < market.count, market[next].openTime <= candle.openTime {
                growing.update(market[next])
                next += 1
            }
            let outcome = analysis.update(.init(candle, growing.reading(at: candle.openTime)))
            if Seen(outcome: outcome, levels: analysis.levels) != all[index] { count += 1 }
        }
        // And from nothing, of candles that are cut off.
        for part in 1...3 {
            let cut = Array(candles.prefix(candles.count * part / 4))
            let known = market.prefix { $0.openTime <= cut.last?.openTime ?? $0.openTime }
            let again = seen(cut, MarketGate(.day, known))
            count += zip(again, all).count { $0 != $1 }
        }
        return count
    }

    private func seen(_ candles: [Candle], _ gate: MarketGate) -> [Seen] {
        var analysis = SeriesAnalysis(.day)
        return candles.map { candle in
            let outcome = analysis.update(.init(candle, gate.reading(at: candle.openTime)))
            return Seen(outcome: outcome, levels: analysis.levels)
        }
    }
}
