import Access
import JSON
import Kernel
import Signals
import Testing

@testable import Backtests

struct TradingRuleTests {
    private static let gate = MarketGate(.day)

    private func read(_ json: String) throws -> (rule: TradingRule?, mistakes: [FieldError]) {
        var fields = try Fields(Array(json.utf8))
        let rule = TradingRule.read(&fields)
        do {
            try fields.finish()
            return (rule, [])
        } catch {
            return (nil, error.errors)
        }
    }

    private func held(_ json: String, _ bars: TokenBars, _ gate: MarketGate = gate) throws -> [Bool] {
        let rule = try #require(try read(json).rule)
        return try bars.decide(rule, gate).map(\.isHeld)
    }

    @Test func `a state is bought and sold, and stays between`() throws {
        let bars = Market.bars(closes: [1, 5, 3, 1, 3, 5, 1])
        let rule = #"{"enter": "close >= 5.0", "leave": "close <= 1.0"}"#
        #expect(try held(rule, bars) == [false, true, true, false, false, true, false])
    }

    @Test func `a level is held while it holds, and not while it has no value`() throws {
        let bars = Market.bars(closes: [4, 5, 6, 5, 6])
        #expect(try held(#"{"hold": "close > sma(3)"}"#, bars) == [false, false, true, false, true])
        #expect(try held(#"{"hold": "!(close > sma(3))"}"#, bars) == [false, false, false, true, false])
    }

    @Test func `an indicator without a value changes no state`() throws {
        let bars = Market.bars(closes: [4, 5, 6, 5, 6])
        let rule = #"{"enter": "close > 0.0", "leave": "close < sma(4)"}"#
        #expect(try held(rule, bars) == [true, true, true, true, true])
    }

    @Test func `a crossing is seen once, whatever the state`() throws {
        let bars = Market.bars(closes: [1, 3, 4, 1, 3])
        let rule = #"{"enter": "crosses_above(close, 2)", "leave": "close == 4.0"}"#
        #expect(try held(rule, bars) == [false, true, false, false, true])
    }

    @Test func `while nobody knows how the market stands nothing begins, and nothing ends by it`() throws {
        let bars = Market.bars(closes: (1...70).map(Double.init))
        let gate = MarketGate(.day, bars.candles.prefix(60))
        let held = try [55, 65].map { price in
            let rule = #"{"enter": "close == \#(price).0", "leave": "close > 100.0", "gate": true}"#
            return try self.held(rule, bars, gate)
        }
        #expect(held[0].suffix(10).allSatisfy { $0 } && !held[1].contains(true))
    }

    @Test func `a closed gate hides the state and keeps it`() throws {
        let prices = Array(repeating: 2.0, count: 60) + Array(repeating: 1.0, count: 2)
        let bars = Market.bars(closes: prices + [3, 3])
        let gate = MarketGate(.day, bars.candles)
        let enter = #""enter": "close == 1.0", "leave": "close > 100.0""#
        let open = try held("{\(enter)}", bars, gate)
        let gated = try held("{\(enter), \"gate\": true}", bars, gate)
        #expect(open.suffix(4) == [true, true, true, true])
        #expect(gated.suffix(4) == [false, false, true, true])
        #expect(
            try held(#"{"hold": "market.gate && market.sma50 != null"}"#, bars, gate).suffix(3) == [
                false, true, true,
            ])
    }

    @Test func `a model is read with its thresholds`() throws {
        let candles = Array(try Market.candles("SOL").prefix(300))
        let bars = TokenBars("SOL", .day, candles)
        let model = try held(#"{"model": "trader/v0", "enter": 70, "leave": 50, "gate": false}"#, bars)
        let states = try held(#"{"enter": "grade.trader >= 70", "leave": "grade.trader < 50"}"#, bars)
        #expect(model == states && model.contains(true) && model.contains(false))
    }

    @Test func `a signal is held as the service's own are`() throws {
        let candles = Array(try Market.candles("SOL").prefix(500))
        let gate = MarketGate(.day, try Market.candles("BTC"))
        for model in GradeModel.allCases {
            let found = try held(#"{"signal": "\#(model.rawValue)"}"#, TokenBars("SOL", .day, candles), gate)
            var analysis = SeriesAnalysis(.day)
            var signals: [Timestamp: Signal] = [:]
            for outcome in analysis.update(candles, gate: gate) {
                for change in outcome.allChanges
                where change.signal.model == model && change.signal.direction == .bullish {
                    signals[change.signal.decisionCandle] = change.signal
                }
            }
            let expected = candles.map { candle in
                signals.values.contains { signal in
                    signal.decisionCandle <= candle.openTime
                        && signal.end.map { candle.openTime < $0.candle } ?? true
                }
            }
            #expect(found == expected && signals.count > 5)
        }
        let rule = try #require(try read(#"{"signal": "trader/v1"}"#).rule)
        var w = JSONWriter()
        w.value(rule)
        #expect(try read(w.text).rule == rule)
    }

    @Test(arguments: [
        (#"{"signal": "trader/v0", "gate": true}"#, "/gate", "is not a field here"),
        (#"{"hold": "close > smaa(20)"}"#, "/hold", "did you mean sma?"),
        (#"{"hold": "close > sma(0)"}"#, "/hold", "n must be a whole number from 2 to 1000"),
        (#"{"hold": "close > sma()  && close"}"#, "/hold", "close is a number (double)"),
        (#"{"hold": "close > macd(12)"}"#, "/hold", "as in macd(12, 26, 9)"),
        (#"{"hold": "close > sma(close)"}"#, "/hold", "takes written numbers"),
        (#"{"hold": "close"}"#, "/hold", "takes a boolean"),
        (#"{"hold": "clos > 1.0"}"#, "/hold", "at character 1: clos is not known; did you mean close?"),
        (#"{"hold": "grade.tradr > 1.0"}"#, "/hold", "did you mean grade.trader?"),
        (#"{"enter": "close > 1.0"}"#, "/leave", "is required"),
        (#"{"hold": "true", "leave": "true"}"#, "/leave", "a rule has hold, or enter and leave"),
        (#"{"model": "trader/v9", "enter": 70, "leave": 50}"#, "/model", "trader/v0"),
        (#"{"model": "trader/v0", "enter": 40, "leave": 50}"#, "/leave", "must not be above enter"),
        (#"{"hold": "true", "gat": true}"#, "/gat", "gate"),
    ])
    func `a mistake names its place and what was meant`(
        _ json: String, _ pointer: String, _ message: String
    ) throws {
        let mistakes = try read(json).mistakes
        #expect(mistakes.map(\.pointer) == [pointer])
        #expect(mistakes.first?.message.contains(message) == true, "\(mistakes)")
    }

    @Test func `the look-back is known before anything runs`() throws {
        func lookBack(_ json: String) throws -> Int? { try read(json).rule?.lookBack }
        #expect(try lookBack(#"{"hold": "close > sma(200)"}"#) == 199)
        #expect(try lookBack(#"{"enter": "rsi(14) < 30", "leave": "adx(20) > 25"}"#) == 39)
        #expect(try lookBack(#"{"hold": "grade.trader > 50"}"#) == 199)
        #expect(try lookBack(#"{"hold": "close > open"}"#) == 0)
    }

    @Test func `a rule that costs too much ends the run and says where`() throws {
        let list = "[1,2,3,4,5,6,7,8,9,10,11,12]"
        let inner = "\(list).all(c, \(list).all(d, a + b + c + d > 0))"
        let rule = try #require(
            try read(#"{"hold": "\#(list).all(a, \#(list).all(b, \#(inner)))"}"#).rule)
        let bars = Market.bars(closes: [1, 2])
        let failure = #expect(throws: RuleFailure.self) { try bars.decide(rule, Self.gate) }
        let told = failure?.message ?? ""
        #expect(
            told.hasPrefix("\(bars.symbol): hold: ") && told.contains("at \(bars.candles[0].openTime)"),
            "\(told)")
    }

    @Test func `equal rules have one digest, others another`() throws {
        func digest(_ json: String) throws -> [UInt8]? { try read(json).rule?.digest }
        let first = try digest(#"{"hold": "close > open"}"#)
        #expect(try first == digest(#"{"gate": false, "hold": "close > open"}"#))
        #expect(try first != digest(#"{"gate": true, "hold": "close > open"}"#))
        #expect(try first != digest(#"{"hold": "close > low"}"#))
        #expect(try first == digest(#"{"hold": " close>open // the same\n"}"#))
    }

    @Test func `a variant is the rule, the candles and the cost, however they are written`() throws {
        func variant(_ json: String) throws -> [UInt8] {
            var fields = try Fields(Array(json.utf8))
            let request = try BacktestRequest(&fields)
            return request.variant(
                (request.tokens ?? []).map { name in TokenID(UUID(high: 1, low: name == "A" ? 1 : 2)) })
        }
        let rule = #""rule":{"hold":"close > sma(5)"},"source":"x""#
        let first = try variant("{\(rule)}")
        #expect(try first == variant(#"{"rule":{"hold":"close>sma( 5 )"},"source":"x","seed":9,"name":"b"}"#))
        let pair = try variant("{\(rule),\(#""tokens":["A","B"]"#)}")
        #expect(try pair == variant("{\(rule),\(#""tokens":["B","A"]"#)}") && pair != first)
        for other in [
            #""from":"2020-01-01T00:00:00Z""#, #""to":"2020-01-01T00:00:00Z""#, #""cost_bps":5"#,
            #""warm_up":100"#, #""interval":"1h""#, #""cut_at_gap":false"#,
        ] {
            #expect(try variant("{\(rule),\(other)}") != first)
        }
    }

    @Test func `a prefix that decides otherwise is told`() throws {
        let rule = try #require(try read(#"{"hold": "close > sma(5)"}"#).rule)
        let bars = Market.bars(closes: Market.walk(900, seed: 5))
        var decisions = try bars.decide(rule, Self.gate)
        var honest = PrefixTest()
        try honest.check(rule, bars, market: [], against: decisions)
        #expect(honest.passes && honest.checked == 900)
        // One bar alone that has seen the next one, wherever it stands.
        let place = try #require(
            decisions.indices.dropFirst(450).first { place in
                decisions[place] != decisions[place + 1] && !PrefixTest.places(decisions).contains(place)
            })
        decisions[place] = decisions[place + 1]
        var leaking = PrefixTest()
        try leaking.check(rule, bars, market: [], against: decisions)
        #expect(leaking.differences.map(\.time) == [bars.candles[place].openTime])
    }

    @Test func `a market that is read ahead of its time is told`() throws {
        let rule = try #require(try read(#"{"hold": "market.gate"}"#).rule)
        let bars = Market.bars(closes: Market.walk(400, seed: 5))
        let market = Market.candles(closes: Market.walk(400, seed: 6))
        var honest = PrefixTest()
        try honest.check(rule, bars, market: market, against: bars.decide(rule, MarketGate(.day, market)))
        #expect(honest.passes)
        // As if the market's candles were known a day before they close.
        let early = market.map { candle in
            var early = candle
            early.openTime = candle.openTime - .days(1)
            return early
        }
        var leaking = PrefixTest()
        try leaking.check(rule, bars, market: market, against: bars.decide(rule, MarketGate(.day, early)))
        #expect(!leaking.passes)
    }
}
