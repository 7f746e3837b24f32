/// True range: from the lower of low and previous close to the higher of high and previous close. First value
/// at index 1.
package struct TrueRange: Equatable, Sendable {
    private var previousClose: Double?

    package init() {}

    @inline(__always)
    package mutating func update(_ bar: Bar) -> Double? {
        defer { previousClose = bar.close }
        return previousClose.map { bar.range(after: $0) }
    }
}

extension TrueRange: Indicator {
    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar)) }

    package mutating func walk(_ state: inout StateWalk) { state.pass(&previousClose) }
}
