/// Commodity channel index: how far the typical price is from its mean of `period` bars, in units of 0.015
/// mean absolute deviations. First value at index `period - 1`. Undefined where the price did not move.
///
/// The only one whose update walks its window: deviations from a mean that moves have no running sum.
package struct CommodityChannelIndex: Indicator {
    private let period: Int
    private let undefined: Undefined
    private var typical: RollingSum

    package init(_ period: Int = 20, undefined: Undefined = .null) {
        self.period = period
        self.undefined = undefined
        typical = RollingSum(period)
    }

    package mutating func update(_ bar: Bar) -> Double? {
        let newest = bar.typical
        typical.push(newest)
        guard typical.isFull else { return nil }
        let mean = typical.mean
        let deviation = typical.window.distances(to: mean) / Double(period)
        return deviation > 0 ? (newest - mean) / (0.015 * deviation) : undefined.value
    }

    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar)) }

    package mutating func walk(_ state: inout StateWalk) { typical.walk(&state) }
}
