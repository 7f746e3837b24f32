import Foundation
import JSON
import Kernel
import Signals
import Testing

@testable import Backtests

struct MeasurementTests {
    private static let terms: MeasureTerms = {
        var terms = MeasureTerms()
        terms.warmUp = 2
        return terms
    }()

    /// Flat at 100 but for what the test is about.
    private func track(_ opens: [Int: Double]) -> PriceTrack {
        let times = (0..<130).map { Timestamp(seconds: Int64($0) * 86_400) }
        return PriceTrack(times: times, opens: (0..<130).map { opens[$0] ?? 100 })
    }

    @Test func `what is decided at a close is bought and sold at next opens, each at its cost`() throws {
        var held = Array(repeating: false, count: 130)
        held[10...11] = [true, true]
        // Bought at 11, sold at 13: the rise at 12 to 110 is earned, that at 11 and at 14 is not.
        let track = track([11: 100, 12: 110, 13: 121, 14: 200])
        let run = try #require(TokenRun(held, track, Self.terms))
        #expect(run.trades.count == 1)
        let trade = try #require(run.trades.first)
        #expect(trade.enteredAt == track.times[11] && trade.leftAt == track.times[13])
        #expect(abs(trade.netReturn - (1.21 * 0.999 * 0.999 - 1)) < 1e-12)
        #expect(abs(RiskMetrics(run.net).totalReturn - (1.21 * 0.999 * 0.999 - 1)) < 1e-12)
        #expect(run.dates.first == track.times[4] && run.dates.last == track.times[129])
        #expect(run.net.count == 126 && run.held.count == 126)
    }

    @Test func `what is held at the end is sold at the last open`() throws {
        let run = try #require(TokenRun(Array(repeating: true, count: 130), track([129: 150]), Self.terms))
        let trade = try #require(run.trades.first)
        #expect(trade.isCutByEnd && trade.exit == 150 && run.trades.count == 1)
        #expect(abs(RiskMetrics(run.net).totalReturn - (1.5 * 0.999 * 0.999 - 1)) < 1e-12)
        #expect(run.net == run.holding(cost: 0.001))
    }

    @Test func `a token with too few bars is left out`() {
        let held = Array(repeating: true, count: 130)
        #expect(TokenRun(held, track([:]), MeasureTerms()) == nil)
        #expect(TokenRun(held, track([:]), Self.terms, from: Timestamp(seconds: 128 * 86_400)) == nil)
        let late = TokenRun(held, track([:]), Self.terms, from: Timestamp(seconds: 100 * 86_400))
        #expect(late?.net.count == 28)
    }

    @Test func `a portfolio is the mean over the tokens of that date`() {
        let days = (0..<3).map { Timestamp(seconds: Int64($0) * 86_400) }
        let portfolio = Portfolio([
            (dates: [days[0], days[1]], returns: [0.1, 0.2]),
            (dates: [days[1], days[2]], returns: [0.4, -0.1]),
        ])
        #expect(portfolio.dates == days && portfolio.counts == [1, 2, 1])
        #expect(zip(portfolio.returns, [0.1, 0.3, -0.1]).allSatisfy { abs($0 - $1) < 1e-15 })
    }

    @Test func `a series ends before its first gap of a week unless it is asked to go on`() {
        var candles = Market.candles(closes: Market.walk(40, seed: 1))
        candles.removeSubrange(20..<27)
        candles.removeSubrange(4..<10)
        let cut = TokenBars("LUNA", .day, candles)
        #expect(cut.candles.count == 14 && cut.missing == 6)
        #expect(cut.cut == .init(last: candles[13].openTime, next: candles[14].openTime))
        let whole = TokenBars("LUNA", .day, candles, cutsAtGap: false)
        #expect(whole.candles.count == 27 && whole.missing == 13 && whole.cut == nil)
        #expect(TokenBars("NONE", .day, []).candles.isEmpty)
    }

    @Test func `what a gap cut off is told, and is a token that died`() throws {
        var luna = Market.candles(closes: Market.walk(700, seed: 3))
        luna.removeSubrange(400..<417)
        let btc = Market.candles(closes: Market.walk(700, seed: 4))
        let told = try warnings([("BTC", btc), ("LUNA", luna)])
        let cut = told.first { $0.code == "cut_at_gap" }?.message ?? ""
        let (last, next) = (luna[399].openTime, luna[400].openTime)
        #expect(cut.hasSuffix("LUNA after \(last) (goes on at \(next))"), "\(told)")
        #expect(!told.contains { $0.code == "survivors_only" })
        // One day that nobody uploaded yet is no death; a year is.
        #expect(try warnings([("BTC", btc), ("A", btc.dropLast())]).contains { $0.code == "survivors_only" })
        let alone = try warnings([("BTC", btc), ("A", btc.dropLast(6))])
        #expect(
            alone.first { $0.code == "survivors_only" }?.message.hasPrefix("no token ends a week") == true)
        #expect(try !warnings([("A", btc)]).contains { $0.message.contains("1 tokens") })
        let dead = try warnings([("BTC", btc), ("A", btc.dropLast(300))])
        #expect(!dead.contains { ["survivors_only", "cut_at_gap"].contains($0.code) })
    }

    /// By condition: what fails, and at how many of 400 bars; the others have another volume.
    static let failing: [(field: String, text: String, bars: Int)] = [
        ("hold", "1/0 > 1", 400), ("leave", "[1, 2][5] > 1", 400),
        ("enter", "9223372036854775807 + int(volume) > 1", 400),
        ("leave", "int(close) / int(volume - 1.0) > 1", 300),
        ("hold", "int(close) / int(volume - 1.0) > 1", 300),
    ]

    @Test(arguments: failing)
    func `a rule that fails is told`(_ field: String, _ text: String, _ bars: Int) throws {
        var candles = Market.candles(closes: Market.walk(400, seed: 3))
        for place in candles.indices { candles[place].volume = place < 300 ? 1 : 2 }
        let names = field == "hold" ? ["hold"] : ["enter", "leave"]
        let members = names.map { name in #""\#(name)": "\#(name == field ? text : "close > sma(5)")""# }
        let work = try work("{\(members.joined(separator: ", "))}", [("BTC", candles)])
        let place = "first, \(field) of BTC at \(candles[0].openTime): "
        let failed = text.components(separatedBy: " > ")[0]
        if bars == 400 {
            let message = try #require(work.failure).message
            #expect(message.hasPrefix("\(field) fails at every bar"), "\(message)")
            #expect(message.contains("\(place)\(failed): "), "\(message)")
        } else {
            #expect(work.failure == nil)
            let told = report(work).warnings.first { $0.code == "rule_errors" }?.message ?? ""
            #expect(told.contains("failed at \(bars) of 400 bars"), "\(told)")
            #expect(told.contains("\(place)\(failed): "), "\(told)")
        }
    }

    @Test func `of two conditions that fail the hopeless one is told with its own place`() throws {
        var candles = Market.candles(closes: Market.walk(400, seed: 3))
        for place in candles.indices { candles[place].volume = place < 100 ? 1 : 2 }
        let rule = #"{"enter": "1 / int(volume - 1.0) > 0", "leave": "close > sma(9) && 1 / 0 > 0"}"#
        let work = try work(rule, [("BTC", candles)])
        let told = report(work).warnings.first { $0.code == "rule_errors" }?.message ?? ""
        #expect(work.failure == nil && told.contains("first, enter of BTC"), "\(told)")
        let hopeless = try self.work(rule.replacing("close > sma(9) && ", with: ""), [("BTC", candles)])
        #expect(hopeless.failure?.message.contains("; first, leave of BTC at ") == true)
    }

    @Test func `an indicator without a value is no error of a rule`() throws {
        let candles = Market.candles(closes: Market.walk(400, seed: 3))
        for text in ["close > sma(50)", "crosses_above(close, sma(20))", "grade.trader > 50.0"] {
            let work = try work(#"{"hold": "\#(text)"}"#, [("BTC", candles)])
            #expect(work.failure == nil && !report(work).warnings.contains { $0.code == "rule_errors" })
        }
    }

    private func work(_ rule: String, _ tokens: [(String, [Candle])]) throws -> BacktestWork {
        var fields = try Fields(Array(#"{"rule":\#(rule),"source":"demo"}"#.utf8))
        var work = BacktestWork(try BacktestRequest(&fields), market: [], gate: MarketGate(.day))
        for (symbol, candles) in tokens { try work.take(TokenBars(symbol, .day, candles)) }
        return work
    }

    private func warnings(_ tokens: [(String, [Candle])]) throws -> [BacktestWarning] {
        report(try work(#"{"hold":"close > sma(5)"}"#, tokens)).warnings
    }

    private func report(_ work: BacktestWork) -> BacktestReport {
        var draws = BacktestDraws()
        (draws.bootstrap, draws.timing, draws.perStep) = (20, 20, 20)
        var luck = work.luck(draws)
        for _ in 0..<draws.steps { luck.drawStep() }
        return work.report(luck)
    }

    @Test func `an outage of six days ends no series of hours, one of seven does`() {
        for (hours, count) in [(167, 33), (168, 20)] {
            let candles = (0..<(33 + hours)).filter { $0 < 20 || $0 >= 20 + hours }.map { hour in
                Candle(
                    openTime: Timestamp(seconds: 1_577_836_800 + Int64(hour) * 3_600), open: 1, high: 1,
                    low: 1,
                    close: 1, volume: 1)
            }
            #expect(TokenBars("A", .hour, candles).candles.count == count)
        }
    }

    @Test func `folds are equal parts that leave nothing out`() {
        #expect(Fold.ranges(10, folds: 3) == [0..<3, 3..<6, 6..<10])
        #expect(Fold.ranges(2, folds: 3).isEmpty)
    }
}

struct LuckTests {
    private func run(_ held: [Bool], _ market: [Double]) throws -> TokenRun {
        var opens = [100.0, 100]
        for change in market { opens.append(opens[opens.count - 1] * (1 + change)) }
        var terms = MeasureTerms()
        terms.warmUp = 0
        let times = opens.indices.map { Timestamp(seconds: Int64($0) * 86_400) }
        return try #require(
            TokenRun(held + [false, false], PriceTrack(times: times, opens: opens), terms))
    }

    private func returns(_ count: Int, seed: UInt64) -> [Double] {
        let walk = Market.walk(count + 1, seed: seed)
        return zip(walk, walk.dropFirst()).map { $1 / $0 - 1 }
    }

    @Test func `the generator is SplitMix64`() {
        var generator = DrawGenerator(seed: 1_234_567)
        #expect(generator.next() == 6_457_827_717_110_365_317)
        #expect(generator.next() == 3_203_168_211_198_807_973)
        #expect((0..<1_000).allSatisfy { _ in (0..<7).contains(generator.index(below: 7)) })
    }

    @Test func `a bootstrap says the same twice, and nothing of a row against itself`() throws {
        let row = returns(400, seed: 3)
        func boot(_ seed: UInt64) -> Bootstrap {
            var boot = Bootstrap(row, against: row, periodsPerYear: 365, seed: seed)
            boot.draw(60)
            boot.draw(40)
            return boot
        }
        let first = boot(1)
        #expect(first.sharpe == boot(1).sharpe && first.sharpe != boot(2).sharpe)
        #expect(first.lead == Bootstrap.Interval([0]) && first.notBetter == 1 && first.draws == 100)
        let actual = try #require(RiskMetrics(row).sharpe)
        let interval = try #require(first.sharpe)
        #expect(interval.lower < actual && actual < interval.upper && interval.lower < interval.median)
    }

    @Test func `a row that is better every day is better in every draw`() {
        let row = returns(300, seed: 4)
        var boot = Bootstrap(row.map { $0 + 0.02 }, against: row, periodsPerYear: 365, seed: 1)
        boot.draw(100)
        #expect(boot.notBetter == 0)
    }

    @Test func `holding always is not timing, holding on the good days is`() throws {
        let market = returns(200, seed: 9)
        var always = RandomTiming(
            [try run(Array(repeating: true, count: 200), market)], costPerSide: 0.001, seed: 1)
        always.draw(50)
        #expect(always.pPerToken == 1 && always.pCommon == 1)
        var knowing = RandomTiming(
            try (0..<3).map { _ in try run(market.map { $0 > 0 }, market) }, costPerSide: 0.001, seed: 1)
        knowing.draw(99)
        #expect(try #require(knowing.pPerToken) <= 0.03 && knowing.pCommon ?? 1 <= 0.03)
        var nothing = RandomTiming([], costPerSide: 0.001, seed: 1)
        nothing.draw(5)
        #expect(nothing.pPerToken == nil)
    }
}
