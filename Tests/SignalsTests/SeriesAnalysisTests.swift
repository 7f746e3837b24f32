import Kernel
import Signals
import Testing

struct SeriesAnalysisTests {
    private let candles: [Candle]
    private let gate: MarketGate

    init() throws {
        candles = try CandleFixture.candles("SOL")
        gate = MarketGate(.day, try CandleFixture.candles("BTC"))
    }

    private func steps(_ candles: [Candle]) -> [SeriesAnalysis.Step] {
        candles.map { SeriesAnalysis.Step($0, gate.reading(at: $0.openTime)) }
    }

    @Test func `a batch, a stream and a restart from any copy give the same`() {
        let steps = steps(candles)
        var stream = SeriesAnalysis(.day)
        var copies: [SeriesAnalysis] = []
        var streamed: [BarOutcome] = []
        for step in steps {
            copies.append(stream)
            streamed.append(stream.update(step))
        }
        var batch = SeriesAnalysis(.day)
        #expect(batch.update(candles, gate: gate) == streamed)
        #expect(batch == stream)
        for start in stride(from: 0, to: steps.count, by: 222) {
            var restarted = copies[start]
            for index in start..<steps.count { #expect(restarted.update(steps[index]) == streamed[index]) }
            #expect(restarted == stream)
        }
    }
}
