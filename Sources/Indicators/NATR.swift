/// The average true range in percent of the close. First value at index `period`.
package struct NATR: Indicator {
    private var range: ATR

    package init(_ period: Int = 14) { range = ATR(period) }

    package mutating func update(_ bar: Bar) -> Double? {
        guard let range = range.update(bar), bar.close != 0 else { return nil }
        return 100 * range / bar.close
    }

    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar)) }

    package mutating func walk(_ state: inout StateWalk) { range.walk(&state) }
}
