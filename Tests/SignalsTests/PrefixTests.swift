import Kernel
import Testing

@testable import Signals

/// Nothing that is told of a candle hangs on one that came after it: for every t, the result on the candles
/// up to t is the result on all candles at t.
struct PrefixTests {
    /// What somebody sees who has the token's and the market's candles up to one time.
    private struct Seen: Equatable {
        var outcome: BarOutcome
        var levels: Levels?

        init(_ analysis: inout SeriesAnalysis, _ candle: Candle, _ gate: MarketGate) {
            outcome = analysis.update(.init(candle, gate.reading(at: candle.openTime)))
            levels = analysis.levels
        }
    }

    /// Of all candles at once: the gate knows the market to its end.
    private func all(_ candles: [Candle], _ market: [Candle]) -> [Seen] {
        let gate = MarketGate(market)
        var analysis = SeriesAnalysis(.day)
        return candles.map { Seen(&analysis, $0, gate) }
    }

    @Test(arguments: ["BTC", "ETH", "BNB", "SOL"])
    func `every candle of a token tells the same before and after the next ones came`(token: String) throws {
        let candles = try CandleFixture.candles(token)
        let market = try CandleFixture.candles("BTC")
        let all = all(candles, market)
        // Every t: both grow candle by candle, and neither has seen the next one.
        var (analysis, gate, next) = (SeriesAnalysis(.day), MarketGate(), 0)
        var differing: [Timestamp] = []
        for (index, candle) in candles.enumerated() {
            while next < market.count, market[next].openTime <= candle.openTime {
                gate.update(market[next])
                next += 1
            }
            if Seen(&analysis, candle, gate) != all[index] { differing.append(candle.openTime) }
        }
        #expect(differing == [])
        // And from nothing, of candles that are cut off.
        let end = candles.count * 2 / 3
        let last = candles[end - 1].openTime
        let cut = self.all(Array(candles[..<end]), market.filter { $0.openTime <= last })
        #expect(cut == Array(all[..<end]))
        #expect(all.filter { $0.outcome.grades.count == 2 }.count > 900)
        #expect(all.contains { !$0.outcome.allChanges.isEmpty && $0.levels?.all.isEmpty == false })
    }
}
