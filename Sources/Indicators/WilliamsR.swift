/// Williams %R, -100 to 0: where the close stands between the extremes of the last `period` bars, seen from
/// the high. First value at index `period - 1`. Undefined where they had no range.
package struct WilliamsR: Indicator {
    private let undefined: Undefined
    private var extremes: PriceExtremes

    package init(_ period: Int = 14, undefined: Undefined = .null) {
        self.undefined = undefined
        extremes = PriceExtremes(period)
    }

    package mutating func update(_ bar: Bar) -> Double? {
        guard let extremes = extremes.update(bar) else { return nil }
        let range = extremes.highest - extremes.lowest
        return range > 0 ? -100 * (extremes.highest - bar.close) / range : undefined.value
    }

    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar)) }

    package mutating func walk(_ state: inout StateWalk) { extremes.walk(&state) }
}
