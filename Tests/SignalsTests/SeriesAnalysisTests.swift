import Kernel
import Signals
import Testing

struct SeriesAnalysisTests {
    private let candles: [Candle]
    private let gate: MarketGate

    init() throws {
        candles = try CandleFixture.candles("SOL")
        gate = MarketGate(try CandleFixture.candles("BTC"))
    }

    private func steps(_ candles: [Candle]) -> [SeriesAnalysis.Step] {
        candles.map { SeriesAnalysis.Step($0, gate.reading(at: $0.openTime)) }
    }

    /// Outcomes of a fresh course.
    private func outcomes(_ steps: [SeriesAnalysis.Step]) -> [BarOutcome] {
        var analysis = SeriesAnalysis(.day)
        return steps.map { analysis.update($0) }
    }

    @Test func `for every t, the result on the candles up to t is the result on all candles at t`() throws {
        let all = outcomes(steps(candles))
        for end in stride(from: 1, through: candles.count, by: 23) {
            let seen = Array(candles.prefix(end))
            let market = MarketGate(
                try CandleFixture.candles("BTC").filter { $0.openTime <= seen[end - 1].openTime })
            var analysis = SeriesAnalysis(.day)
            #expect(analysis.update(seen, gate: market).last == all[end - 1])
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

    @Test func `candles that come late, in any order, end in the same outcomes`() {
        var dice = Dice(3)
        let steps = steps(Array(candles.prefix(150)))
        let expected = outcomes(steps)
        var present: [Int] = []
        var stored: [Timestamp: BarOutcome] = [:]
        for index in steps.indices.shuffled(using: &dice) {
            let place = present.firstIndex { $0 > index } ?? present.count
            var before = SeriesAnalysis(.day)
            for earlier in present[..<place] { _ = before.update(steps[earlier]) }
            let was = present[place...].map { steps[$0] }
            present.insert(index, at: place)
            let revision = Revision(from: before, was: was, now: present[place...].map { steps[$0] })
            for outcome in revision.changed { stored[outcome.time] = outcome }
            #expect(revision.removed == [])
        }
        #expect(expected.allSatisfy { stored[$0.time] == $0 })
        #expect(stored.count == expected.count)
    }

    @Test func `a revised candle is recomputed until everything is bit-equal again`() throws {
        let long = try CandleFixture.candles("BTC")
        let open = GateReading.noSeries
        let was = long.map { SeriesAnalysis.Step($0, open) }
        var now = was
        now[400].candle.close = (now[400].candle.close + now[400].candle.high) / 2
        now[400].candle.volume *= 1.01
        var before = SeriesAnalysis(.day)
        for step in was[..<400] { _ = before.update(step) }
        let revision = Revision(from: before, was: Array(was[400...]), now: Array(now[400...]), limit: 10_000)
        let fresh = outcomes(now)
        let old = outcomes(was)
        let differing = zip(old, fresh).filter { $0 != $1 }.map(\.1)
        #expect(revision.changed.map(\.time) == differing.map(\.time))
        let isSame = revision.changed == differing
        #expect(isSame)
        #expect(revision.changed.count > 200)
        #expect(revision.isConverged == (old.last == fresh.last))
        let short = Revision(from: before, was: Array(was[400...]), now: Array(now[400...]), limit: 10)
        #expect(!short.isConverged)
        #expect(short.changed == Array(differing.prefix(10)))
    }

    @Test func `a candle taken away takes its outcome away`() {
        let was = steps(Array(candles.prefix(60)))
        var now = was
        now.remove(at: 40)
        let revision = Revision(from: SeriesAnalysis(.day), was: was, now: now)
        #expect(revision.removed == [candles[40].openTime])
        let changed = outcomes(now).filter { $0.time > candles[40].openTime }
        let isSame = revision.changed == changed
        #expect(isSame)
    }
}
