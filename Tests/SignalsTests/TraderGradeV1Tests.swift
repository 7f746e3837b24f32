import Kernel
import Testing

@testable import Signals

/// The model as decision 0012 froze it. `Fixtures/grades/v1_SOL.csv` and its neighbours are of candles that
/// may not lie here, so their closes and scores are used as far as they go; `v1_yahoo_SOL.csv` was made by
/// `v1.py` of candles that do.
struct TraderGradeV1Tests {
    private func grades(_ candles: [Candle]) -> [Grade?] {
        var model = TraderGradeV1(.day)
        return candles.map { model.update($0) }
    }

    /// Empty is null.
    private func table(_ name: String) throws -> (
        columns: [String: Int], rows: [[Double?]], times: [Substring]
    ) {
        let lines = try CandleFixture.grades(name)
        let columns = Dictionary(uniqueKeysWithValues: lines[0].enumerated().map { (String($1), $0) })
        let rows = lines.dropFirst().map { $0.map { Double($0) } }
        return (columns, rows, lines.dropFirst().map { $0[0] })
    }

    private func isEqual(_ a: Double?, _ b: Double?) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        return abs(a - b) < 1e-9
    }

    @Test func `every leaf, family and grade, the signal and the position equal the frozen reference`() throws
    {
        let candles = try CandleFixture.candles("SOL")
        let gate = MarketGate(.day, try CandleFixture.candles("BTC"))
        let (columns, rows, times) = try table("v1_yahoo_SOL")
        #expect(rows.count == candles.count)
        var analysis = SeriesAnalysis(.day)
        var differing = 0
        for (index, candle) in candles.enumerated() {
            #expect(times[index] == candle.openTime.description.replacing(".000Z", with: "Z"))
            let outcome = analysis.update(.init(candle, gate.reading(at: candle.openTime)))
            let grade = outcome.grade(of: .traderV1)
            let expected: (String) -> Double? = { columns[$0].flatMap { rows[index][$0] } }
            var found: [String: Double?] = [
                "grade": grade?.value, "quality": (grade?.dataQuality ?? 0) / 100,
            ]
            for family in grade?.components ?? [] {
                found[family.name] = family.score
                for leaf in family.children { found[leaf.name] = leaf.score }
            }
            for (name, value) in found where !isEqual(value, expected(name)) { differing += 1 }
            let isHeld = analysis.openSignals.contains { $0.model == .traderV1 && $0.direction == .bullish }
            if isHeld != (expected("position") == 1) { differing += 1 }
        }
        #expect(differing == 0)
        #expect(rows.count { $0[columns["position"] ?? 0] == 1 } > 200)
    }

    @Test(arguments: ["v1_BTC", "v1_SOL", "v1_LUNA"])
    func `what closes and scores alone decide equals the reference on the frozen candles`(name: String) throws
    {
        let (columns, rows, _) = try table(name)
        let leafColumns = GradeLeaf.all.map { columns[$0.name] ?? 0 }
        let column: (String) -> Int = { columns[$0] ?? 0 }
        var (model, rule) = (TraderGradeV1(.day), SignalRule(.day, model: .traderV1))
        let market = GateReading.Market(time: Timestamp(seconds: 0), close: 1, sma50: 1)
        var differing = 0
        for (index, row) in rows.enumerated() {
            let close = row[1] ?? .nan
            let candle = Candle(
                openTime: Timestamp(seconds: Int64(index) * 86_400), open: close, high: close, low: close,
                close: close, volume: 0)
            let momentum = model.update(candle)?.components[1].children.map(\.score)
            let expected = GradeFamily.momentum.range.map { row[leafColumns[$0]] }
            if let momentum, !zip(momentum, expected).allSatisfy(isEqual) { differing += 1 }
            let means = FamilyMeans(leafColumns.map { LeafReading(score: row[$0]) })
            let families = GradeFamily.allCases.map { row[column($0.rawValue)] }
            if !zip(means.families.map(\.score), families).allSatisfy(isEqual) { differing += 1 }
            if !isEqual(means.value, row[column("grade")]) { differing += 1 }
            if !isEqual(means.quality, row[column("quality")]) { differing += 1 }
            let grade = means.value.map {
                Grade(
                    model: .traderV1, time: candle.openTime, value: $0, previous: nil,
                    dataQuality: 100 * means.quality, missingLast100: 0, inputs: GradeInputs(close: close),
                    firstTimes: [])
            }
            let isOpen = row[column("gate")] == 1
            _ = rule.update(candle, grade: grade, gate: isOpen ? .open(market) : .closed(market))
            let isHeld = rule.open.contains { $0.direction == .bullish }
            if isHeld != (row[column("position")] == 1) { differing += 1 }
        }
        #expect(differing == 0)
    }

    @Test func `the tree has three families, and its contributions add up to the grade`() throws {
        for grade in grades(try CandleFixture.candles("BNB")).compactMap({ $0 }) {
            let families = grade.components
            #expect(families.map(\.name) == ["channel", "momentum", "acceleration"])
            #expect(families.map(\.children.count) == [4, 4, 3])
            let leaves = families.flatMap(\.children)
            #expect(abs(families.reduce(0) { $0 + $1.contribution } - grade.value) < 1e-9)
            #expect(abs(leaves.reduce(0) { $0 + $1.contribution } - grade.value) < 1e-9)
            #expect(abs(leaves.reduce(0) { $0 + $1.effectiveWeight } - 1) < 1e-12)
        }
        let last = try #require(grades(try CandleFixture.candles("SOL")).last ?? nil)
        let month = try #require(last.components[0].children.first { $0.name == "channel_20" })
        #expect(month.candles?.count == 21 && month.candles?.from == last.time - .days(20))
        #expect(last.sentence.hasPrefix("Grade ") && last.sentence.contains("acceleration"))
        #expect(TraderGradeV1.parameterHash == "97d757965ed6035d", "another hash is another model")
    }

    @Test func `the first bars are those of the decision`() throws {
        let all = grades(Array(try CandleFixture.candles("ETH").prefix(100)))
        #expect(all.firstIndex { $0 != nil } == 10)
        #expect(all.firstIndex { ($0?.dataQuality ?? 0) >= 75 } == 68)
        #expect(all.firstIndex { $0?.dataQuality == 100 } == 80)
        let first: (Int) -> Int? = { leaf in all.firstIndex { $0?.leaves[leaf].score != nil } }
        #expect((0..<11).map(first) == [10, 20, 40, 80, 10, 20, 40, 80, 16, 33, 68])
    }

    @Test func `prices times a millionth give the same grades and the same signals`() throws {
        let candles = try CandleFixture.candles("SOL")
        let tiny = candles.map { c in
            Candle(
                openTime: c.openTime, open: c.open * 1e-6, high: c.high * 1e-6, low: c.low * 1e-6,
                close: c.close * 1e-6, volume: c.volume)
        }
        for (a, b) in zip(grades(candles), grades(tiny)) { #expect(isEqual(a?.value, b?.value)) }
        let keys = [candles, tiny].map { candles in
            var analysis = SeriesAnalysis(.day)
            return analysis.update(candles, gate: nil).flatMap(\.allChanges).map { SignalKey($0.signal) }
        }
        #expect(keys[0] == keys[1] && keys[0].contains { $0.model == .traderV1 })
    }

    @Test func `a price that never moved has no grade`() {
        let still = (0..<200).map { day in
            Candle(
                openTime: Timestamp(seconds: day * 86_400), open: 5, high: 5, low: 5, close: 5, volume: 1)
        }
        #expect(grades(still).allSatisfy { $0 == nil })
    }

    @Test func `poor data end a signal of it, and its regime`() {
        var rule = SignalRule(.day, model: .traderV1)
        var day: Int64 = 0
        func step(_ value: Double?, quality: Double = 100) -> [Signal.State] {
            defer { day += 1 }
            let candle = Candle(
                openTime: Timestamp(seconds: day * 86_400), open: 10, high: 10, low: 10, close: 10, volume: 1)
            let grade = value.map {
                Grade(
                    model: .traderV1, time: candle.openTime, value: $0, previous: nil, dataQuality: quality,
                    missingLast100: 0, inputs: GradeInputs(close: 10), firstTimes: [])
            }
            _ = rule.update(candle, grade: grade, gate: .noSeries)
            return rule.open.filter { $0.direction == .bullish }.map(\.state)
        }
        #expect(step(74.9) == [])
        #expect(step(75) == [.open])
        #expect(step(60, quality: 74) == [])
        #expect(step(60) == [])
        #expect(step(80) == [.open])
        #expect(step(nil) == [])
        #expect(step(60) == [])
    }
}
