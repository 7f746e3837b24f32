/// Money flow index, 0 to 100: of the last `period` bars' volume times typical price, the share of those
/// whose typical price rose. First value at index `period`. Undefined where none rose or fell, or nothing was
/// traded.
package struct MoneyFlowIndex: Indicator {
    private let undefined: Undefined
    private var previous: Double?
    private var rising: RollingSum
    private var falling: RollingSum

    package init(_ period: Int = 14, undefined: Undefined = .null) {
        self.undefined = undefined
        rising = RollingSum(period)
        falling = RollingSum(period)
    }

    package mutating func update(_ bar: Bar) -> Double? {
        let typical = bar.typical
        defer { previous = typical }
        guard let previous else { return nil }
        rising.push(typical > previous ? typical * bar.volume : 0)
        falling.push(typical < previous ? typical * bar.volume : 0)
        guard rising.isFull else { return nil }
        let flow = rising.sum + falling.sum
        return flow > 0 ? 100 * rising.sum / flow : undefined.value
    }

    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar)) }

    package mutating func walk(_ state: inout StateWalk) {
        state.pass(&previous)
        rising.walk(&state)
        falling.walk(&state)
    }
}
