/// The highest high and the lowest low of the `period` bars *before* the one that is asked about: a close can
/// be outside. First value at index `period`.
package struct DonchianChannel: Indicator {
    package typealias Value = PriceExtremes.Value

    private var extremes: PriceExtremes

    package init(_ period: Int = 20) { extremes = PriceExtremes(period) }

    package mutating func update(_ bar: Bar) -> Value? {
        defer { _ = extremes.update(bar) }
        return extremes.current
    }

    package mutating func update(_ bar: Bar, onto row: inout [Double?]) {
        let value = update(bar)
        row += [value?.highest, value?.lowest]
    }

    package mutating func walk(_ state: inout StateWalk) { extremes.walk(&state) }
}
