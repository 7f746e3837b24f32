import EventLoop
import Kernel
import Postgres
import Testing

@testable import Signals

/// A state that was saved and restored goes on as if nothing had happened.
struct SnapshotTests {
    @Test func `a restored state is the same, and so is all that follows`() throws {
        let candles = try CandleFixture.candles("SOL")
        let gate = MarketGate(.day, try CandleFixture.candles("BTC"))
        var stream = SeriesAnalysis(.day)
        var saved: [(Int, [UInt8])] = []
        var outcomes: [BarOutcome] = []
        for (index, candle) in candles.enumerated() {
            if index % 41 == 0 { saved.append((index, stream.snapshot())) }
            outcomes.append(stream.update(.init(candle, gate.reading(at: candle.openTime))))
        }
        for (index, bytes) in saved {
            var restored = try #require(SeriesAnalysis(.day, models: .usual, restoring: bytes))
            #expect(restored.snapshot() == bytes)
            for (candle, expected) in zip(candles[index...], outcomes[index...]).prefix(150) {
                let isSame = restored.update(.init(candle, gate.reading(at: candle.openTime))) == expected
                #expect(isSame)
            }
        }
        #expect(saved.map(\.1.count).max() ?? 0 < 40_000)
    }

    @Test func `damaged bytes, other models and other intervals' lengths are refused`() throws {
        var analysis = SeriesAnalysis(.day)
        _ = analysis.update(Array(try CandleFixture.candles("SOL").prefix(300)), gate: nil)
        let bytes = analysis.snapshot()
        let one = try #require(GradeModels([.traderV0]))
        #expect(SeriesAnalysis(.day, models: one, restoring: bytes) == nil)
        var ungated = GradeModels.usual
        ungated.usesMarketGate = false
        #expect(SeriesAnalysis(.day, models: ungated, restoring: bytes) == nil)
        #expect(SeriesAnalysis(.day, models: .usual, restoring: Array(bytes.dropLast())) == nil)
        #expect(SeriesAnalysis(.day, models: .usual, restoring: []) == nil)
        var dice = Dice(5)
        for _ in 0..<50 {
            var damaged = bytes
            damaged[Int.random(in: 0..<bytes.count, using: &dice)] ^= 1
            #expect(SeriesAnalysis(.day, models: .usual, restoring: damaged) == nil)
        }
    }

    @Test func `a node that begins goes on from the stored state, and a late candle makes it anew`()
        async throws
    {
        let sol = Array(try CandleFixture.candles("SOL").prefix(300))
        var analysis = SeriesAnalysis(.day)
        let pure = analysis.update(sol, gate: nil)
        try await Desk.with { worker, desk in
            _ = try await desk.upload("source=x", sol[..<290].csv("SOL"))
            #expect(try await desk.rows("select 1 from analysis_state").count == 1)
            // Nobody but who reads the series from its beginning would see this.
            _ = try await desk.rows(
                "update candle set close = close * 2, high = high * 2 where open_time < '2021-01-01'")
            desk.analyst.stop()
            _ = try await desk.upload("source=x", sol[290...].csv("SOL"))
            let other = Analyst(ledger: desk.ledger, reactor: worker.reactor)
            other.start(on: worker)
            _ = try await other.sweepAndSettle(within: .seconds(30))
            let newest = try await desk.rows(
                "select value from grade order by time desc, model_number limit 2")
            #expect(newest.map { $0.double(0) } == pure.last?.grades.map(\.value))
            _ = try await desk.rows(
                "update candle set close = close / 2, high = high / 2 where open_time < '2021-01-01'")
            // A revision of a candle of the past: what is stored is what a batch says.
            var changed = sol
            changed[100].volume += 1_000
            changed[100].close = (changed[100].close + changed[100].low) / 2
            _ = try await desk.upload("source=x", changed[100...100].csv("SOL"))
            _ = try await other.sweepAndSettle(within: .seconds(30))
            other.stop()
            var fresh = SeriesAnalysis(.day)
            var expected = fresh.update(changed[..<289], gate: nil).flatMap(\.grades).map(\.value)
            let kept = fresh.snapshot()
            expected += fresh.update(changed[289...], gate: nil).flatMap(\.grades).map(\.value)
            let stored = try await desk.rows("select value from grade order by time, model_number")
            #expect(stored.map { $0.double(0) } == expected)
            let state = try await desk.rows("select bytes from analysis_state")
            #expect(state.first?.bytes(0) == kept)
        }
    }
}
