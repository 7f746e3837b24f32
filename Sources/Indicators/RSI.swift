/// Relative strength index, 0 to 100: the mean of the first `period` changes, then Wilder. First value at
/// index `period`. Undefined while the price has never moved.
package struct RSI: Equatable, Sendable {
    private let undefined: Undefined
    private var previous: Double?
    private var gains: WilderAverage
    private var losses: WilderAverage

    package init(_ period: Int = 14, undefined: Undefined = .null) {
        self.undefined = undefined
        gains = WilderAverage(period)
        losses = WilderAverage(period)
    }

    @inline(__always)
    package mutating func update(_ close: Double) -> Double? {
        defer { previous = close }
        guard let previous else { return nil }
        let change = close - previous
        // Without a branch: nobody can guess whether a price rose.
        let gain = gains.update((abs(change) + change) / 2)
        let loss = losses.update((abs(change) - change) / 2)
        guard let gain, let loss else { return nil }
        return gain + loss > 0 ? 100 * gain / (gain + loss) : undefined.value
    }
}

extension RSI: Indicator {
    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar.close)) }

    package mutating func walk(_ state: inout StateWalk) {
        state.pass(&previous)
        gains.walk(&state)
        losses.walk(&state)
    }
}
