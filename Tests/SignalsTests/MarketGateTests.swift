import Kernel
import Testing

@testable import Signals

/// A market whose candles stopped says nothing of how it stands.
struct MarketGateTests {
    private func day(_ number: Int64) -> Timestamp { Timestamp(seconds: number * 86_400) }

    /// One candle a day, each a little higher than the one before.
    private func candles(_ days: Range<Int64>) -> [Candle] {
        days.map { day in
            let close = 100 + Double(day)
            return Candle(
                openTime: self.day(day), open: close, high: close, low: close, close: close, volume: 1)
        }
    }

    @Test func `it counts for three candles, and then nobody knows`() {
        let gate = MarketGate(.day, candles(0..<60) + candles(80..<90))
        #expect(gate.reading(at: day(59)).isOpen && gate.reading(at: day(62)).isOpen)
        let unknown = gate.reading(at: day(63))
        #expect(unknown == .ended(day(59)) && unknown.time == day(59))
        #expect(!unknown.isOpen && !unknown.isClosed && unknown.market == nil)
        let words = "market gate unknown: the market's candles ended on 1970-03-01T00:00:00.000Z"
        #expect(unknown.message == words)
        #expect(gate.reading(at: day(79)) == unknown, "what comes later changes nothing")
        #expect(gate.reading(at: day(80)).isOpen && gate.reading(at: day(80)).time == day(80))
        #expect(gate.reading(at: day(300)) == .ended(day(89)))
        #expect(gate.reading(at: day(61)).message.hasSuffix("candle 1970-03-01T00:00:00.000Z"))
        // A market that never said anything has not stopped to.
        #expect(MarketGate(.day, candles(0..<49)).reading(at: day(300)) == .tooYoung)
        #expect(MarketGate(.hour, candles(0..<60)).reading(at: day(60)) == .ended(day(59)))
    }

    @Test func `while nobody knows no signal begins, and none ends by it`() {
        let market = GateReading.Market(time: day(0), close: 2, sma50: 1)
        func states(_ gates: [GateReading], _ grades: [Double]) -> [Bool] {
            var rule = SignalRule(.day, model: .traderV1)
            return zip(candles(0..<Int64(gates.count)), zip(gates, grades)).map { candle, step in
                let grade = Grade(
                    model: .traderV1, time: candle.openTime, value: step.1, previous: nil, dataQuality: 100,
                    missingLast100: 0, inputs: GradeInputs(bars: 300, close: 10), firstTimes: [])
                _ = rule.update(candle, grade: grade, gate: step.0)
                return rule.open.contains { $0.direction == .bullish }
            }
        }
        let (open, closed, ended) = (
            GateReading.open(market), GateReading.closed(market), GateReading.ended(day(0))
        )
        #expect(states([ended, ended, open], [80, 80, 80]) == [false, false, true])
        #expect(states([open, ended, ended, closed], [80, 80, 80, 80]) == [true, true, true, false])
        #expect(states([open, ended, ended], [80, 40, 80]) == [true, false, false])
        #expect(states([closed, ended, open], [80, 80, 60]) == [false, false, true])
    }
}
