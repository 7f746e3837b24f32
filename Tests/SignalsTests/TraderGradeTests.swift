import Kernel
import Testing

@testable import Signals

struct TraderGradeTests {
    private func grades(_ candles: [Candle], _ interval: Interval = .day) -> [Grade?] {
        var model = TraderGrade(interval)
        return candles.map { model.update($0) }
    }

    @Test(arguments: ["SOL", "BTC"])
    func `grade and scores equal an independent computation`(token: String) throws {
        let candles = try CandleFixture.candles(token)
        let ours = Dictionary(uniqueKeysWithValues: zip(candles.map(\.openTime), grades(candles)))
        let table = try CandleFixture.grades(token)
        var compared = 0
        for row in table.dropFirst() {
            let time = try #require(Timestamp(row[0]))
            let grade = try #require(ours[time])
            #expect((grade == nil) == row[1].isEmpty, "\(time)")
            guard let grade else { continue }
            #expect(abs(grade.value - (Double(row[1]) ?? .nan)) < 1e-9, "\(time)")
            for (index, component) in grade.components.enumerated() {
                #expect(table[0][index + 2] == component.name)
                #expect((component.score == nil) == row[index + 2].isEmpty, "\(time) \(component.name)")
                guard let score = component.score else { continue }
                #expect(abs(score - (Double(row[index + 2]) ?? .nan)) < 1e-9, "\(time) \(component.name)")
            }
            compared += 1
        }
        #expect(compared > 60)
    }

    @Test func `contributions add up to the grade, weights to one`() throws {
        let all = grades(try CandleFixture.candles("SOL")).compactMap { $0 }
        #expect(all.count == 996 - 29)
        for grade in all {
            let components = grade.components
            #expect(abs(components.reduce(0) { $0 + $1.contribution } - grade.value) < 1e-9)
            #expect(abs(components.reduce(0) { $0 + $1.effectiveWeight } - 1) < 1e-12)
            #expect((0...100).contains(grade.value))
            for component in components {
                #expect(component.candles?.to == component.score.map { _ in grade.time })
            }
        }
        #expect(all.dropFirst().allSatisfy { $0.deltaVsPrevious != nil })
        #expect(all[0].deltaVsPrevious == nil)
    }

    @Test func `the tree says which candles a score is made of`() throws {
        let grade = try #require(grades(try CandleFixture.candles("SOL")).last ?? nil)
        let rsi = try #require(grade.components.first { $0.name == "rsi" })
        #expect(rsi.candles?.count == 15)
        #expect(rsi.candles?.from == grade.time - .days(14))
        #expect(rsi.inputs.map(\.name) == ["rsi14"])
        #expect(grade.sentence.hasPrefix("Grade "))
        #expect(grade.sentence.contains(grade.zone.rawValue))
        #expect(grade.dataQuality == 100)
        #expect(TraderGrade.parameterHash == "ae7d4fd1e233a1d6", "another hash is another model")
    }

    @Test func `too few candles make no grade, and part of the weights a lower quality`() throws {
        let all = grades(Array(try CandleFixture.candles("ETH").prefix(300)))
        #expect(all.prefix(29).allSatisfy { $0 == nil })
        let first = try #require(all[29])
        #expect(abs(first.dataQuality - 60) < 1e-9)
        #expect(
            first.components.filter { $0.score == nil }.map(\.name) == [
                "macd", "ema_order", "volatility_regime",
            ])
        #expect(all[250]?.dataQuality == 100)
    }

    @Test func `a price that never moved is neutral, not oversold`() throws {
        let still = (0..<250).map { day in
            Candle(
                openTime: Timestamp(seconds: Int64(day) * 86_400), open: 5, high: 5, low: 5, close: 5,
                volume: 0)
        }
        let grade = try #require(grades(still).last ?? nil)
        let neutral = grade.components.filter(\.isNeutral)
        #expect(neutral.count == 6)
        #expect(neutral.allSatisfy { $0.score == 50 })
        #expect(abs(grade.value - 50) < 0.5)
        #expect(grade.dataQuality < 15)
    }

    @Test func `missing candles lower the quality for a hundred candles`() throws {
        let whole = Array(try CandleFixture.candles("BTC").prefix(600))
        let holed = Array(whole[..<300] + whole[310...])
        let all = grades(holed)
        #expect(all[299]?.missingLast100 == 0)
        #expect(all[300]?.missingLast100 == 10)
        #expect(abs((all[300]?.dataQuality ?? 0) - 90) < 1e-9)
        #expect(all[300 + 89]?.missingLast100 == 10)
        #expect(all[300 + 90]?.missingLast100 == 9)
        #expect(all[300 + 99]?.missingLast100 == 0)
    }

    @Test(arguments: ["SOL", "BTC"])
    func `prices times a millionth give the same grades and the same signals`(token: String) throws {
        let candles = try CandleFixture.candles(token)
        let tiny = candles.map { c in
            Candle(
                openTime: c.openTime, open: c.open * 1e-6, high: c.high * 1e-6, low: c.low * 1e-6,
                close: c.close * 1e-6, volume: c.volume)
        }
        for (whole, small) in zip(grades(candles), grades(tiny)) {
            #expect((whole == nil) == (small == nil))
            guard let whole, let small else { continue }
            #expect(abs(whole.value - small.value) < 1e-9 && whole.dataQuality == small.dataQuality)
            let pairs = zip(whole.components, small.components)
            #expect(pairs.allSatisfy { abs(($0.score ?? -1) - ($1.score ?? -1)) < 1e-9 })
        }
        let models = try #require(GradeModels([.traderV0]))
        let signals = [candles, tiny].map { candles in
            var analysis = SeriesAnalysis(.day, models: models)
            return analysis.update(candles, gate: nil).flatMap(\.changes)
        }
        #expect(signals[0].count == signals[1].count && signals[0].count > 50)
        for (whole, small) in zip(signals[0], signals[1]) {
            #expect(SignalKey(whole.signal) == SignalKey(small.signal))
            #expect(whole.signal.state == small.signal.state && whole.signal.reason == small.signal.reason)
            #expect(abs(whole.signal.confidence.value - small.signal.confidence.value) < 1e-9)
            #expect(abs((whole.signal.roi?.net ?? 0) - (small.signal.roi?.net ?? 0)) < 1e-9)
        }
    }

    @Test func `zones and labels begin where the model says`() {
        let zones = [100, 81, 80.9, 61, 41, 40.9, 21, 20.9, 0].map { GradeZone($0).rawValue }
        #expect(
            zones == [
                "surging", "surging", "gaining", "gaining", "steady", "losing", "losing", "crashing",
                "crashing",
            ])
        func labels(_ model: GradeModel, _ grades: [Double]) -> [String] {
            grades.map { model.label($0).rawValue }
        }
        #expect(labels(.traderV0, [70, 69.9, 30, 29.9]) == ["buy", "neutral", "neutral", "sell"])
        #expect(labels(.traderV1, [75, 74.9, 30, 29.9]) == ["buy", "neutral", "neutral", "sell"])
    }
}
