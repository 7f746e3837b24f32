import Indicators
import Testing

struct StreamingTests {
    /// Every indicator at its usual parameters and at unusual ones; 100 and 300 are long windows.
    static let names: [IndicatorName] =
        IndicatorName.standard
        + [
            "sma2", "sma100", "sma300", "ema2", "wma2", "wma100", "rsi2", "macd3_7_2", "macd_signal3_7_1",
            "bb_upper5_2.5", "bb_lower100_3", "atr2", "natr30", "adx2", "plus_di30", "stoch_k1_1_1",
            "stoch_d40_70_3", "mfi2", "mfi100", "cci2", "cci100", "roc1", "mom100", "willr2", "stddev2",
            "stddev300", "max2", "min100", "linreg_slope2", "linreg_slope100", "aroon_up2", "aroon_down100",
            "donchian_high2", "donchian_low100",
        ].compactMap { try? IndicatorName($0) }

    private func rows(_ bars: [Bar], _ names: [IndicatorName] = names) throws -> [[Double?]] {
        var set = IndicatorSet(names)
        return try bars.map { try set.update($0) }
    }

    @Test func `a restart from the snapshot of any bar continues bit by bit`() throws {
        let bars = Array(BarWalk(seed: 1).prefix(110))
        let names = Self.names.filter { $0.lookBack < 50 }
        #expect(Self.names.count == 72 && names.count > 50)
        let expected = try rows(bars, names)
        var set = IndicatorSet(names)
        for (cut, bar) in bars.enumerated() {
            let bytes = set.snapshot()
            var restarted = try IndicatorSet(names, restoring: bytes)
            #expect(restarted.snapshot() == bytes)
            // Three bars tell a wrong ring or count; the whole rest is walked now and then.
            for index in cut..<min(cut + (cut % 50 == 0 ? bars.count : 3), bars.count) {
                #expect(try restarted.update(bars[index]) == expected[index])
            }
            #expect(try set.update(bar) == expected[cut])
        }
    }

    @Test func `a restart after long runs of sums added up afresh continues bit by bit`() throws {
        let names = ["sma100", "bb_upper70_2", "wma90", "linreg_slope70", "mfi80"].compactMap {
            try? IndicatorName($0)
        }
        let bars = Array(BarWalk(seed: 3).prefix(4_000))
        let expected = try rows(bars, names)
        var set = IndicatorSet(names)
        for (index, bar) in bars.enumerated() {
            if index % 97 == 0 { set = try IndicatorSet(names, restoring: set.snapshot()) }
            #expect(try set.update(bar) == expected[index])
        }
    }

    @Test func `a value is that of the bars so far, whatever comes after`() throws {
        let bars = Array(BarWalk(seed: 5).prefix(400))
        let expected = try rows(bars)
        for end in [1, 2, 33, 150, 399] {
            #expect(
                try rows(Array(bars.prefix(end)) + BarWalk(seed: 99).prefix(5)).prefix(end)
                    == expected.prefix(end))
        }
    }

    /// Several blocks; too few for a window; a price that stands still at times, at the beginning too.
    private static func walk(_ name: String) -> [Bar] {
        let bars = Array(BarWalk(seed: 6).prefix(name == "short" ? 18 : 1_300))
        guard name == "still", let first = bars.first else { return bars }
        let still = Bar(high: first.close, low: first.close, close: first.close, volume: 0)
        return bars.enumerated().map { $0 / 40 % 2 == 0 ? still : $1 }
    }

    @Test(arguments: ["long", "short", "still"], [Undefined.null, .talib])
    func `columns of many bars are the stream's, bit by bit`(name: String, undefined: Undefined) {
        let bars = Self.walk(name)
        let columns = StandardColumns(bars, undefined: undefined)
        var standard = StandardIndicators(undefined: undefined)
        for (index, bar) in bars.enumerated() {
            let values = standard.update(bar)
            let direction = values.directional14
            let expected: [Double?] = [
                values.ema50, values.ema200, values.rsi14, values.macd?.macd, values.macd?.signal,
                values.macd?.histogram, values.bollinger20?.upper, values.bollinger20?.middle,
                values.bollinger20?.lower, values.atr14, direction.plusDI, direction.minusDI, direction.dx,
                direction.adx, values.obv, values.stochastic?.k, values.stochastic?.d,
            ]
            for (column, value) in zip(StandardColumns.Column.allCases, expected) {
                let found = columns[column][columns[column].startIndex + index]
                #expect(value.map { $0.bitPattern == found.bitPattern } ?? found.isNaN, "\(column) \(index)")
            }
        }
    }

    @Test func `windows forget what left them, to the last bit`() throws {
        let names = [
            "sma20", "sma100", "stddev20", "stddev100", "bb_mid20_2", "wma50", "linreg_slope50", "mfi30",
            "cci20",
            "stoch_d14_3_3", "willr14", "max20", "aroon_up25", "roc10", "mom10",
        ].compactMap { try? IndicatorName($0) }
        let bars = Array(BarWalk(seed: 8).prefix(900))
        let plain = try rows(bars, names)
        // One late candle at the beginning: every ring begins elsewhere from there on.
        let late = try rows([Bar(high: 9e6, low: 7e6, close: 8e6, volume: 3e9)] + bars, names)
        for index in 110..<bars.count { #expect(late[index + 1] == plain[index]) }
    }

    @Test func `prices a million times smaller give the same, or a millionth`() throws {
        let bars = Array(BarWalk(seed: 9).prefix(500))
        let small = bars.map {
            Bar(high: $0.high * 1e-6, low: $0.low * 1e-6, close: $0.close * 1e-6, volume: $0.volume)
        }
        let free: Set<IndicatorLine> = [
            .rsi, .natr, .plusDI, .minusDI, .dx, .adx, .obv, .ad, .stochasticK, .stochasticD, .mfi, .cci,
            .roc,
            .williamsR, .aroonUp, .aroonDown,
        ]
        for (large, tiny) in zip(try rows(bars), try rows(small)) {
            for (name, pair) in zip(Self.names, zip(large, tiny)) {
                guard let a = pair.0, let b = pair.1 else {
                    #expect(pair.0 == nil && pair.1 == nil, "\(name.text)")
                    continue
                }
                let scaled = free.contains(name.line) ? b : b * 1e6
                #expect(abs(a - scaled) <= 1e-9 * max(1, abs(a)), "\(name.text): \(a), \(scaled)")
            }
        }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `a bar that is not finite is refused and changes nothing`(number: Double) throws {
        var set = IndicatorSet(Self.names)
        for bar in BarWalk(seed: 10).prefix(50) { _ = try set.update(bar) }
        let before = set.snapshot()
        let good = Bar(high: 2, low: 1, close: 1.5, volume: 3)
        let fields: [(String, WritableKeyPath<Bar, Double>)] = [
            ("high", \.high), ("low", \.low), ("close", \.close), ("volume", \.volume),
        ]
        for (name, field) in fields {
            var bar = good
            bar[keyPath: field] = number
            #expect(throws: IndicatorMistake.notFinite(name)) { try set.update(bar) }
            #expect(set.snapshot() == before)
        }
    }

    @Test func `numbers that overflow are no answer, and never infinite`() throws {
        var set = IndicatorSet(Self.names)
        for index in 0..<400 {
            let huge = index % 2 == 0 ? 1e308 : 1e-308
            for value in try set.update(Bar(high: huge, low: huge / 2, close: huge / 1.5, volume: 1e308)) {
                #expect(value?.isFinite ?? true)
            }
        }
    }

    @Test func `a snapshot that was cut, changed or is of others is refused`() throws {
        let names = Array(IndicatorName.standard.prefix(8))
        var set = IndicatorSet(names)
        for bar in BarWalk(seed: 11).prefix(250) { _ = try set.update(bar) }
        let bytes = set.snapshot()
        for length in [0, 7, 24, bytes.count - 1] {
            #expect(throws: IndicatorMistake.self) {
                try IndicatorSet(names, restoring: Array(bytes.prefix(length)))
            }
        }
        for index in stride(from: 0, to: bytes.count, by: 61) {
            var changed = bytes
            changed[index] ^= 1
            #expect(throws: IndicatorMistake.snapshot("is damaged")) {
                try IndicatorSet(names, restoring: changed)
            }
        }
        #expect(throws: IndicatorMistake.snapshot("is of other indicators")) {
            try IndicatorSet(Array(names.reversed()), restoring: bytes)
        }
    }
}
