import Indicators
import Testing

struct IndicatorNameTests {
    @Test func `names say the line and its parameters`() throws {
        let bands = try IndicatorName("bb_upper20_2.5")
        #expect(bands.line == .upperBand && bands.parameters == [20, 2.5])
        #expect(try IndicatorName("macd_signal").parameters == [12, 26, 9])
        #expect(try IndicatorName("rsi").parameters == IndicatorName("rsi14").parameters)
        #expect(try IndicatorName("plus_di30").line == .plusDI)
        for line in IndicatorLine.allCases { #expect(try IndicatorName(line.rawValue).line == line) }
    }

    @Test(arguments: [
        ("", " is no indicator"), ("vwap14", "vwap14 is no indicator"), ("14", "14 is no indicator"),
        ("RSI14", "RSI14 is no indicator"), ("obv3", "obv takes no parameters"),
        ("rsi14_3", "rsi takes n, as in rsi14"), ("rsi14_", "rsi takes n, as in rsi14"),
        ("rsi1e3", "rsi takes n, as in rsi14"), ("rsi1000000000000", "rsi takes n, as in rsi14"),
        ("macd12_26", "macd takes fast, slow, signal, as in macd12_26_9"),
        ("rsi1", "rsi: n must be a whole number from 2 to 1000"),
        ("rsi2.5", "rsi: n must be a whole number from 2 to 1000"),
        ("sma1001", "sma: n must be a whole number from 2 to 1000"),
        ("bb_mid20_0", "bb_mid: deviations must be from 0.1 to 10"),
        ("stoch_k14_0_3", "stoch_k: k must be a whole number from 1 to 1000"),
        ("macd26_12_9", "macd: fast must be below slow"), ("macd12_12_9", "macd: fast must be below slow"),
    ])
    func `a wrong name is told what is wrong`(text: String, expected: String) {
        do {
            _ = try IndicatorName(text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.description == expected)
        }
    }

    @Test func `the look-back is where the first value stands`() throws {
        let names = StreamingTests.names
        var set = IndicatorSet(names)
        var first: [Int?] = names.map { _ in nil }
        for (index, bar) in BarWalk(seed: 12).prefix(420).enumerated() {
            for (place, value) in try set.update(bar).enumerated() where value != nil {
                if first[place] == nil { first[place] = index }
            }
        }
        for (name, index) in zip(names, first) { #expect(name.lookBack == index, "\(name.text)") }
    }

    /// Two series that differ before a bar and agree from there on: the averages have forgotten the
    /// difference by the stable bar, and had not long before.
    @Test func `from the stable bar on the beginning does not count`() throws {
        let names = [
            "ema20", "rsi14", "macd8_21_5", "macd_signal8_21_5", "macd_hist", "atr14", "natr14", "adx14",
            "dx14",
        ]
        .compactMap { try? IndicatorName($0) }
        let shared = Array(BarWalk(seed: 14).prefix(900))
        var (a, b) = (IndicatorSet(names), IndicatorSet(names))
        // Other closes at the start only, within a few percent.
        for bar in BarWalk(seed: 15).prefix(60) { _ = try a.update(bar) }
        for bar in BarWalk(seed: 16).prefix(60) { _ = try b.update(bar) }
        for (index, bar) in shared.enumerated() {
            for (name, pair) in zip(names, zip(try a.update(bar), try b.update(bar))) {
                let (a, b) = (pair.0 ?? .nan, pair.1 ?? .nan)
                if index >= name.firstStable { #expect(abs(a - b) <= 1e-7, "\(name.text) \(index)") }
                if index == name.firstStable / 3 { #expect(abs(a - b) > 1e-9, "\(name.text) \(index)") }
            }
        }
    }
}
