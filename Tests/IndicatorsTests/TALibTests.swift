import Indicators
import Testing

struct TALibTests {
    @Test(arguments: ["btc", "flat", "monotone_up", "monotone_down"])
    func `every indicator equals TA-Lib, mask included`(name: String) throws {
        let fixture = try TALibFixture(name)
        var (sma20, sma50, sma200, ema20, range) = (SMA(20), SMA(50), SMA(200), EMA(20), TrueRange())
        var standard = StandardIndicators(undefined: .talib)
        var ours: [String: [Double?]] = [:]
        for bar in fixture.bars {
            let values = standard.update(bar)
            ours["sma20", default: []].append(sma20.update(bar.close))
            ours["sma50", default: []].append(sma50.update(bar.close))
            ours["sma200", default: []].append(sma200.update(bar.close))
            ours["ema20", default: []].append(ema20.update(bar.close))
            ours["tr", default: []].append(range.update(bar))
            for (column, value) in columns(of: values) { ours[column, default: []].append(value) }
        }
        #expect(ours.count == 22)
        for (column, values) in ours { #expect(fixture.differences(column, from: values) == []) }
    }

    @Test func `the channel before a bar equals TA-Lib's extremes one bar earlier`() throws {
        let fixture = try TALibFixture("monotone_up")
        var (channel, highs) = (DonchianChannel(), Window(20))
        for bar in fixture.bars {
            let before = highs.isFull ? highs.maximum : nil
            #expect(channel.update(bar)?.highest == before)
            highs.push(bar.high)
        }
    }

    private func columns(of values: StandardIndicators.Values) -> [(String, Double?)] {
        let directional = values.directional14
        return [
            ("ema50", values.ema50), ("ema200", values.ema200), ("rsi14", values.rsi14),
            ("macd", values.macd?.macd), ("macd_signal", values.macd?.signal),
            ("macd_hist", values.macd?.histogram), ("bb_upper", values.bollinger20?.upper),
            ("bb_mid", values.bollinger20?.middle), ("bb_lower", values.bollinger20?.lower),
            ("atr14", values.atr14), ("plus_di14", directional.plusDI), ("minus_di14", directional.minusDI),
            ("dx14", directional.dx), ("adx14", directional.adx), ("obv", values.obv),
            ("stoch_k", values.stochastic?.k), ("stoch_d", values.stochastic?.d),
        ]
    }
}
