import Kernel
import Testing

@testable import Signals

struct SuppliedCourseTests {
    private func day(_ day: Int64) -> Timestamp { Timestamp(seconds: day * 86_400) }

    private func narrative(
        _ scores: [(Int64, Double, Double?)], from: Timestamp = .never, to: Timestamp = .forever
    ) -> SuppliedCourse.Narrative {
        .init(
            from: from, to: to,
            measurements: scores.map { .init(time: day($0.0), score: $0.1, weekAgo: $0.2) })
    }

    private func fading(_ narratives: [SuppliedCourse.Narrative], at time: Int64) -> Bool? {
        SuppliedCourse(.day, narratives: narratives, sentiment: []).reading(at: day(time)).narrative?.isFading
    }

    @Test func `a narrative counts as it was measured before the candle, and not for ever`() {
        let one = [narrative([(10, 70, 75), (11, 50, 75), (20, 50, nil)])]
        #expect(fading(one, at: 10) == nil, "it is measured when this candle is over")
        #expect(fading(one, at: 11) == false && fading(one, at: 12) == true)
        #expect(fading(one, at: 14) == true && fading(one, at: 15) == nil)
        #expect(fading(one, at: 21) == nil, "nothing to compare with")
    }

    @Test func `of several narratives the one that fell most counts, while the token belongs to it`() {
        let (steady, falling) = ([(Int64(10), 60.0, Double?(60))], [(Int64(10), 20.0, Double?(60))])
        #expect(fading([narrative(steady), narrative(falling)], at: 11) == true)
        // The candle of day 11 closes when day 12 begins.
        #expect(fading([narrative(steady), narrative(falling, to: day(12))], at: 11) == false)
        #expect(fading([narrative(falling, from: day(12))], at: 11) == true)
        #expect(fading([narrative(falling, from: day(13))], at: 11) == nil)
        #expect(fading([], at: 11) == nil)
    }

    @Test func `a sentiment has two means where half of the candles say something`() throws {
        func reading(_ days: [Int64], at time: Int64) -> SentimentReading? {
            let values = days.map { SuppliedCourse.Sentiment(time: day($0), value: Double($0)) }
            return SuppliedCourse(.day, narratives: [], sentiment: values).reading(at: day(time)).sentiment
        }
        let all = Array(Int64(0)...40)
        #expect(reading(all, at: 30) == SentimentReading(mean5: 28, mean20: 20.5))
        #expect(reading(all, at: 9) == SentimentReading(mean5: 7, mean20: 4.5))
        #expect(reading(all, at: 8) == nil, "nine of twenty")
        #expect(reading(all.filter { $0 % 2 == 0 }, at: 30) == SentimentReading(mean5: 28, mean20: 21))
        #expect(reading(all.filter { $0 % 2 == 0 }, at: 31) == nil, "two of five")
        #expect(reading([], at: 3) == nil)
    }

    @Test func `a sentiment below zero falls when it goes further down`() {
        func diverges(_ mean5: Double, _ mean20: Double) -> Bool? {
            var inputs = GradeInputs(close: 10)
            inputs.atr14 = 1
            var reading = BearishReading(
                grade: 50, netROI: nil, inputs: inputs, lowest10: nil,
                supplied: .init(sentiment: .init(mean5: mean5, mean20: mean20)))
            reading.return5 = 0
            return reading.divergence(SignalSettings()).sentiment
        }
        #expect(diverges(0.39, 0.5) == true && diverges(0.41, 0.5) == false)
        #expect(diverges(-0.61, -0.5) == true && diverges(-0.59, -0.5) == false)
        #expect(diverges(-0.4, -0.5) == false)
    }
}
