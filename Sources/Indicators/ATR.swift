/// True range: from the lower of low and previous close to the higher of high and previous close. First value
/// at index 1.
package struct TrueRange: Equatable, Sendable {
    private var previousClose: Double?

    package init() {}

    package mutating func update(_ bar: Bar) -> Double? {
        defer { previousClose = bar.close }
        return previousClose.map { max(bar.high, $0) - min(bar.low, $0) }
    }
}

/// Average true range: the mean of the first `period` true ranges, then Wilder. First value at index
/// `period`.
package struct ATR: Equatable, Sendable {
    private var range = TrueRange()
    private var average: WilderAverage

    package init(_ period: Int = 14) { average = WilderAverage(period) }

    package mutating func update(_ bar: Bar) -> Double? {
        guard let range = range.update(bar) else { return nil }
        return average.update(range)
    }
}
