/// Exponential moving average, seeded with the mean of the first `period` values (TA-Lib's classic seed),
/// then `e += 2 / (period + 1) · (x - e)`. First value at index `period - 1`.
package struct EMA: Equatable, Sendable {
    private let period: Int
    private let factor: Double
    private var seeded = 0
    /// The sum of the seed until it is complete, the average from then on.
    private var accumulated = 0.0

    package init(_ period: Int) {
        precondition(period > 0)
        self.period = period
        factor = 2 / Double(period + 1)
    }

    @inline(__always)
    package mutating func update(_ value: Double) -> Double? {
        if seeded == period {
            accumulated += factor * (value - accumulated)
            return accumulated
        }
        seeded += 1
        accumulated += value
        guard seeded == period else { return nil }
        accumulated /= Double(period)
        return accumulated
    }
}

extension EMA: Indicator {
    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar.close)) }

    package mutating func walk(_ state: inout StateWalk) {
        state.pass(&seeded, in: 0...period)
        state.pass(&accumulated)
    }
}
