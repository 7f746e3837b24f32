import Indicators
import Testing

struct TALibTests {
    /// Both channels are a bar behind TA-Lib's extremes, which TA-Lib has no name for.
    private static let columns = IndicatorName.standard.filter { !$0.text.hasPrefix("donchian") }

    @Test(arguments: ["btc", "flat", "monotone_up", "monotone_down"])
    func `every indicator equals TA-Lib, mask included`(name: String) throws {
        let fixture = try TALibFixture(name)
        var set = IndicatorSet(Self.columns, undefined: .talib)
        let rows = try fixture.bars.map { try set.update($0) }
        #expect(Self.columns.count == 36)
        #expect(fixture.indicators == Set(Self.columns.map(\.text)))
        for (index, column) in Self.columns.enumerated() {
            #expect(fixture.differences(column.text, from: rows.map { $0[index] }) == [])
        }
    }

    @Test(arguments: ["btc", "flat", "monotone_up", "monotone_down"])
    func `null stands only where a formula divides nothing by nothing`(name: String) throws {
        let fixture = try TALibFixture(name)
        var (ours, theirs) = (IndicatorSet(Self.columns), IndicatorSet(Self.columns, undefined: .talib))
        let onFlat: Set = [
            "rsi14", "plus_di14", "minus_di14", "dx14", "adx14", "stoch_k", "stoch_d", "mfi14", "cci20",
            "willr14",
        ]
        for bar in fixture.bars {
            for (column, pair) in zip(Self.columns, zip(try ours.update(bar), try theirs.update(bar))) {
                let isLeftOut = name == "flat" && onFlat.contains(column.text)
                #expect(isLeftOut ? pair.0 == nil : pair.0 == pair.1, "\(column.text)")
            }
        }
    }

    @Test func `a channel is the extremes of one bar before`() throws {
        let fixture = try TALibFixture("btc")
        let names = ["donchian_high20", "max20", "donchian_low20", "min20"].compactMap {
            try? IndicatorName($0)
        }
        var set = IndicatorSet(names)
        let rows = try fixture.bars.map { try set.update($0) }
        for (before, now) in zip(rows, rows.dropFirst()) {
            #expect(now[0] == before[1] && now[2] == before[3])
        }
    }
}
