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

    @Test func `candles near the end of a double make grades that are numbers, and no signal`() {
        for (index, scale) in [1e300, 1e305, 1e-300].enumerated() {
            var dice = Dice(UInt64(index + 1))
            var analysis = SeriesAnalysis(.day)
            var graded = 0
            for day in 0..<320 {
                let price = scale * Double.random(in: 0.5...1.5, using: &dice)
                let candle = Candle(
                    openTime: Timestamp(seconds: Int64(day) * 86_400), open: price,
                    high: day % 40 == 39 ? 1.7e308 : price * 1.1, low: price * 0.9, close: price,
                    volume: day % 3 == 0 ? 1.7e308 : 1)
                for grade in analysis.update(SeriesAnalysis.Step(candle, .noSeries)).grades {
                    graded += 1
                    #expect((0...100.000001).contains(grade.value), "\(grade.model) \(day) \(grade.value)")
                    #expect(!grade.sentence.isEmpty)
                }
            }
            #expect(graded > 400)
        }
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
