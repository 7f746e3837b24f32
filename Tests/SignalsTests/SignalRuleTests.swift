import Kernel
import Testing

@testable import Signals

struct SignalRuleTests {
    private var rule = SignalRule(.day)
    private var day: Int64 = 0
    private let market = GateReading.Market(time: Timestamp(seconds: 0), close: 2, sma50: 1)

    private mutating func candle(open: Double = 10, high: Double = 12, low: Double = 8, close: Double = 10)
        -> Candle
    {
        defer { day += 1 }
        return Candle(
            openTime: Timestamp(seconds: day * 86_400), open: open, high: high, low: low, close: close,
            volume: 1)
    }

    private func grade(_ value: Double, quality: Double = 100) -> Grade {
        Grade(
            time: Timestamp(seconds: 0), value: value, previous: nil, dataQuality: quality, missingLast100: 0,
            inputs: GradeInputs(bars: 300, close: 10, atr14: 1), firstTimes: [])
    }

    /// One candle with that grade; the names of the changes.
    private mutating func step(
        _ value: Double, quality: Double = 100, gate: GateReading? = nil, _ candle: Candle? = nil
    ) -> [SignalChange] {
        let candle = candle ?? self.candle()
        return rule.update(candle, grade: grade(value, quality: quality), gate: gate ?? .open(market))
    }

    private func names(_ changes: [SignalChange]) -> [String] {
        changes.map { change in
            switch change {
            case .opened: "opened"
            case .filled: "filled"
            case .closed: "closed"
            case .exitFilled: "left"
            case .stale: "stale"
            }
        }
    }

    @Test mutating func `bullish from 70 until below 50, executed at the next open`() {
        #expect(names(step(69.9)) == [])
        let opened = step(70, candle(close: 11))
        #expect(names(opened) == ["opened"])
        #expect(opened[0].signal.decisionClose == 11)
        #expect(opened[0].signal.fill == nil)
        #expect(opened[0].signal.roi == nil)
        #expect(opened[0].signal.stopLevel == 9)
        let filled = step(55, candle(open: 10, high: 15, close: 12))
        #expect(names(filled) == ["filled"])
        #expect(filled[0].signal.fill == Signal.Fill(price: 10, at: Timestamp(seconds: 2 * 86_400)))
        #expect(filled[0].signal.stopLevel == 8)
        #expect(names(step(50)) == [])
        let closed = step(49.9, candle(close: 9))
        #expect(names(closed) == ["closed"])
        #expect(closed[0].signal.state == .closed)
        #expect(closed[0].signal.end?.reason == "grade under 50")
        let left = step(49, candle(open: 8))
        #expect(names(left) == ["left"])
        #expect(left[0].signal.exitFill?.price == 8)
        #expect(rule.open.isEmpty)
    }

    @Test mutating func `a grade that is no number opens nothing and holds nothing up`() {
        #expect(names(step(.nan)) == [])
        #expect(names(step(70, gate: .closed(market))) == [])
        #expect(names(step(.nan)) == [])
        #expect(names(step(60)) == [])
        #expect(names(step(70)) == ["opened"])
        #expect(names(step(.nan)) == ["filled", "closed"])
    }

    @Test mutating func `returns name their price and are net of costs on both sides`() throws {
        _ = step(70)
        _ = step(70, candle(open: 10, high: 15, close: 14))
        _ = step(70, candle(high: 13, close: 7))
        let held = try #require(rule.open.first?.roi)
        #expect(abs(held.close + 0.3) < 1e-12)
        #expect(abs(held.net - (0.7 * 0.999 * 0.999 - 1)) < 1e-12)
        #expect(held.basis == .close && held.price == 7)
        #expect(abs(held.peakHigh - 0.5) < 1e-12)
        #expect(held.peakAt == Timestamp(seconds: 86_400))
        // From the high of 15 before costs to the close of 7: the costs cancel out.
        #expect(abs(held.maxDrawdown - (7.0 / 15 - 1)) < 1e-12)
        #expect(held.asOf == Timestamp(seconds: 3 * 86_400))
        _ = step(40, candle(close: 7))
        let left = try #require(step(40, candle(open: 6)).first?.signal.roi)
        #expect(left.basis == .exitOpen && left.price == 6)
        #expect(abs(left.net - (0.6 * 0.999 * 0.999 - 1)) < 1e-12)
        #expect(abs(left.buyAndHold + 0.4) < 1e-12)
        #expect(abs(left.close + 0.3) < 1e-12)
        #expect(abs(left.maxDrawdown - (6.0 / 15 - 1)) < 1e-12)
    }

    @Test mutating func `the worst drawdown is by lows and after costs`() throws {
        _ = step(70)
        _ = step(70, candle(open: 10, high: 10, low: 10, close: 10))
        // Nothing moved, and yet the costs are gone.
        let still = try #require(rule.open.first?.roi)
        #expect(still.maxDrawdown == still.net)
        _ = step(70, candle(open: 10, high: 16, low: 9, close: 12))
        // The low of 9 may have come before the high of 16: it falls from what was paid.
        let dipped = try #require(rule.open.first?.roi)
        #expect(abs(dipped.maxDrawdown - (12.0 / 16 - 1)) < 1e-12)
        _ = step(70, candle(open: 12, high: 12, low: 4, close: 12))
        let low = try #require(rule.open.first?.roi)
        #expect(abs(low.maxDrawdown - (4.0 / 16 - 1)) < 1e-12)
    }

    @Test mutating func `an exit under every low counts as the worst`() throws {
        _ = step(70)
        _ = step(40, candle(open: 10, high: 10, low: 10, close: 10))
        let left = try #require(step(40, candle(open: 3, low: 3)).first?.signal.roi)
        #expect(left.maxDrawdown == left.net)
        #expect(abs(left.net - (0.3 * 0.999 * 0.999 - 1)) < 1e-12)
    }

    @Test mutating func `a gate that closes ends the signal, one that opens again begins another`() {
        #expect(names(step(75, gate: .closed(market))) == [])
        #expect(names(step(60)) == ["opened"])
        let closed = step(90, gate: .closed(market))
        #expect(names(closed) == ["filled", "closed"])
        #expect(closed[1].signal.end?.reason == GateReading.closed(market).message)
        #expect(names(step(60)) == ["left"])
        let again = step(60)
        #expect(names(again) == ["opened"])
        #expect(again[0].signal.reason == "grade was 70 and has not been under 50")
    }

    @Test mutating func `without a BTC series the gate is open and the signal says so`() {
        let opened = step(70, gate: .noSeries)
        #expect(opened.first?.signal.gate == .noSeries)
        rule = SignalRule(
            .day,
            settings: {
                var settings = SignalSettings(); settings.usesMarketGate = false; return settings
            }())
        #expect(step(70, gate: .closed(market)).first?.signal.gate == .off)
    }

    @Test mutating func `after an end, one candle passes before the next beginning`() {
        _ = step(70)
        #expect(names(step(40)) == ["filled", "closed"])
        #expect(names(step(80)) == ["left"])
        #expect(names(step(80)) == ["opened"])
    }

    @Test mutating func `a signal whose data stop goes stale, told live and later alike`() throws {
        _ = step(70)
        _ = step(70)
        #expect(rule.stale(at: Timestamp(seconds: 5 * 86_400 - 1)) == [])
        let live = rule.stale(at: Timestamp(seconds: 5 * 86_400))
        #expect(live.map(\.state) == [.stale])
        #expect(live[0].end?.reason == "no candle after 1970-01-02T00:00:00.000Z")
        day = 9
        let later = step(70)
        #expect(names(later) == ["stale"])
        #expect(later[0].signal == live[0])
        #expect(names(step(70)) == ["opened"])
    }

    @Test mutating func `poor data end a signal and begin none`() {
        _ = step(70)
        #expect(names(step(70, quality: 49)) == ["filled", "stale"])
        #expect(names(step(70, quality: 49)) == [])
        #expect(names(step(70, quality: 49)) == [])
        #expect(names(step(70)) == ["opened"])
    }

    @Test mutating func `a confidence that fades ends a signal, and it takes a new occasion`() throws {
        var settings = SignalSettings()
        settings.mostDoubt = 15
        rule = SignalRule(.day, settings: settings)
        _ = step(70)
        // A third of what was known is lost, which weighs three sevenths here.
        #expect(names(step(60, quality: 70)) == ["filled"])
        let faded = step(60, quality: 60)
        #expect(names(faded) == ["stale"])
        #expect(faded[0].signal.end?.reason == "confidence fell from 90.9 to 73.7")
        #expect(faded[0].signal.end?.candle == Timestamp(seconds: 2 * 86_400))
        for _ in 0..<3 { #expect(names(step(69)) == []) }
        #expect(names(step(70)) == ["opened"])
    }

    @Test mutating func `a warning whose confidence faded comes again when its conditions do`() {
        var settings = SignalSettings()
        settings.mostDoubt = 15
        rule = SignalRule(.day, settings: settings)
        _ = step(70)
        for _ in 0..<15 { _ = step(60) }
        func warn(at close: Double, quality: Double = 100) -> [String] {
            var low = grade(20, quality: quality)
            low.inputs.close = close
            let candle = candle(open: close, high: close, low: close, close: close)
            return names(rule.update(candle, grade: low, gate: .open(market)))
        }
        #expect(warn(at: 6) == ["closed", "opened"])
        #expect(warn(at: 5, quality: 90) == ["left", "filled"])
        #expect(warn(at: 4, quality: 84) == ["stale"])
        for close in [3.9, 3.8, 3.7] { #expect(warn(at: close) == []) }
        // Above the lows before: two of five. Then a new low.
        #expect(warn(at: 7) == [])
        #expect(warn(at: 3) == ["opened"])
    }

    @Test mutating func `history learns from signals that went stale, too`() throws {
        let first = try #require(step(70).first?.signal.confidence.history)
        #expect(abs(first - 84) < 1e-9)
        // Bought at 10; at 9 nobody stands by it any longer.
        #expect(names(step(70, quality: 49, candle(open: 10, close: 9))) == ["filled", "stale"])
        _ = step(60)
        let second = try #require(step(60).first?.signal.confidence.history)
        #expect(abs(second - 840.0 / 11) < 1e-9)
        // So it does when the data stop.
        _ = step(60, candle(open: 10, close: 9))
        day += 9
        #expect(names(step(60)) == ["stale"])
        _ = step(60)
        let third = try #require(step(60).first?.signal.confidence.history)
        #expect(abs(third - 840.0 / 12) < 1e-9)
    }

    @Test mutating func `three of five conditions are a warning, with their numbers`() throws {
        _ = step(70)
        for _ in 0..<15 { _ = step(60) }
        // A low grade, a loss since the entry, and a close under the ten lows before.
        var last = candle(open: 9, high: 9, low: 5, close: 6)
        var low = grade(20)
        low.inputs.close = 6
        let warned = rule.update(last, grade: low, gate: .open(market))
        #expect(names(warned) == ["closed", "opened"])
        let warning = warned[1].signal
        #expect(warning.direction == .bearish)
        #expect(warning.conditions.map(\.holds) == [true, true, nil, true, nil])
        #expect(warning.conditions[0].numbers == [.init("grade", 20)])
        #expect(warning.reason == "3 of 5 conditions")
        #expect(warning.stopLevel == nil && warning.roi == nil)
        last = candle(close: 7)
        low.inputs.close = 9
        let over = rule.update(last, grade: low, gate: .open(market))
        #expect(names(over) == ["left", "filled", "closed"])
        #expect(over[2].signal.end?.reason == "2 of 5 conditions")
    }

    @Test func `a walk of grades and gates keeps the books`() {
        var dice = Dice(77)
        var rule = SignalRule(.day)
        var open: [Signal.Direction: Timestamp] = [:]
        var time: Int64 = 0
        for _ in 0..<5_000 {
            time += Int.random(in: 0..<60, using: &dice) == 0 ? 86_400 * 6 : 86_400
            let price = Double.random(in: 5...15, using: &dice)
            let candle = Candle(
                openTime: Timestamp(seconds: time), open: price, high: 16, low: 4,
                close: Double.random(in: 5...15, using: &dice), volume: Double.random(in: 0...9, using: &dice)
            )
            var grade = grade(
                Double.random(in: 0...100, using: &dice), quality: Double.random(in: 45...100, using: &dice))
            grade.inputs.close = candle.close
            let gate = Bool.random(using: &dice) ? GateReading.closed(market) : .open(market)
            for change in rule.update(candle, grade: grade, gate: gate) {
                let signal = change.signal
                if let roi = signal.roi { #expect(roi.maxDrawdown <= min(roi.net, 0)) }
                switch change {
                case .opened:
                    #expect(open.updateValue(signal.decisionCandle, forKey: signal.direction) == nil)
                    #expect(signal.dataQuality >= 50)
                    #expect(signal.direction == .bearish || gate.isOpen)
                case .closed, .stale:
                    #expect(open.removeValue(forKey: signal.direction) == signal.decisionCandle)
                case .filled: #expect(signal.fill?.price == price)
                case .exitFilled: #expect(signal.exitFill?.price == price && signal.state == .closed)
                }
            }
            #expect(rule.open.count == open.count)
        }
    }
}
