import EventLoop
import Kernel
import Postgres
import Testing

@testable import Signals

/// A change of the past is followed until the analysis is in a state again that it was in before.
struct LateCandleTests {
    /// Real days one after the other, each token's beginning where the one before it ends: as many as a
    /// change of a price needs to be forgotten.
    private static let candles: [Candle] = {
        let tokens = (try? ["BNB", "ETH", "SOL"].map(CandleFixture.candles)) ?? []
        var (all, open) = ([Candle](), Timestamp(seconds: 1_262_304_000))
        for candles in tokens {
            let factor = (all.last?.close ?? 1) / (candles.first?.open ?? 1)
            for var candle in candles {
                candle.openTime = open
                candle.open *= factor
                candle.high *= factor
                candle.low *= factor
                candle.close *= factor
                all.append(candle)
                open = open + .days(1)
            }
        }
        return all
    }()

    /// What is stored, and what one pass over the candles says.
    private nonisolated(nonsending) func expectWhole(_ desk: Desk, _ candles: [Candle]) async throws {
        let models = try #require(GradeModels([.traderV0]))
        var analysis = SeriesAnalysis(.day, models: models)
        let outcomes = analysis.update(candles, gate: nil)
        let grades = try await desk.rows("select value, previous, data_quality from grade order by time")
        let isSame = zip(grades, outcomes.compactMap(\.grade)).allSatisfy { row, grade in
            row.double(0) == grade.value && row.optionalDouble(1) == grade.previous
                && row.double(2) == grade.dataQuality
        }
        #expect(isSame && grades.count == outcomes.compactMap(\.grade).count)
        var signals: [SignalKey: Signal] = [:]
        for signal in outcomes.flatMap(\.changes).map(\.signal) + analysis.openSignals {
            signals[SignalKey(signal)] = signal
        }
        let expected = signals.sorted { $0.key < $1.key }.map {
            SignalBody(signal: $0.value, interval: .day).text
        }
        let stored = try await desk.rows(
            "select body from signal where not withdrawn order by decided_at, direction")
        #expect(stored.map { $0.text(0) } == expected && expected.count > 20)
        #expect(
            try await desk.rows(
                "select 1 from series where dirty_from is not null or dirty_to is not null "
                    + "or course_to is not null"
            ).isEmpty)
    }

    /// How many steps an upload is followed by.
    private nonisolated(nonsending) func steps(_ desk: Desk, _ candles: [Candle]) async throws -> Int {
        let before = try await desk.rows("select analysed from series").first?.int(0) ?? 0
        _ = try await desk.upload("source=x", candles.csv("BNB"))
        while try await desk.analyst.sweepAndSettle(within: .seconds(60)) > 0 {}
        return try await desk.rows("select analysed from series")[0].int(0) - before
    }

    @Test func `a revised candle is followed until all is bit-equal again, whatever came of it`() async throws
    {
        try await Desk.with(models: #require(GradeModels([.traderV0]))) { _, desk in
            var candles = Self.candles
            let count = try await steps(desk, candles)
            #expect(candles.count > 4_000 && count == candles.count / 1_000 + 1)
            // A volume is forgotten after 183 candles, as the milestone behind them shows.
            candles[1_100].volume *= 1.01
            #expect(try await steps(desk, [candles[1_100]]) == 1)
            try await expectWhole(desk, candles)
            // A price changes the slowest mean for thousands of candles; not for all that there are.
            candles[150].close += (candles[150].high - candles[150].close) / 1_000
            let followed = try await steps(desk, [candles[150]])
            #expect(followed < count)
            try await expectWhole(desk, candles)
            // Two at once, and the newest.
            for index in [2_100, 2_900, candles.count - 1] { candles[index].volume *= 1.02 }
            _ = try await steps(desk, [2_100, 2_900, candles.count - 1].map { candles[$0] })
            try await expectWhole(desk, candles)
        }
    }

    @Test func `behind an interrupted course nothing is trusted`() {
        let (one, two) = (Timestamp(seconds: 1), Timestamp(seconds: 2))
        #expect(DirtyReach(pending: one, course: nil).last == one)
        #expect(DirtyReach(pending: nil, course: two).last == two)
        #expect(DirtyReach(pending: one, course: two).last == .forever)
        #expect(DirtyReach.none.last == .forever)
    }
}
