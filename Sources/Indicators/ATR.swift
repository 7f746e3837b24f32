/// Average true range: the mean of the first `period` true ranges, then Wilder. First value at index
/// `period`.
package struct ATR: Equatable, Sendable {
    private var range = TrueRange()
    private var average: WilderAverage

    package init(_ period: Int = 14) { average = WilderAverage(period) }

    @inline(__always)
    package mutating func update(_ bar: Bar) -> Double? {
        guard let range = range.update(bar) else { return nil }
        return average.update(range)
    }
}

extension ATR: Indicator {
    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar)) }

    package mutating func walk(_ state: inout StateWalk) {
        range.walk(&state)
        average.walk(&state)
    }
}
