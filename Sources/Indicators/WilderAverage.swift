/// Wilder's smoothing: the mean of the first `period` values, then `a = a · (1 - 1/period) + x / period`.
struct WilderAverage: Equatable, Sendable {
    private let period: Int
    private let share: Double
    private let rest: Double
    private var seeded = 0
    /// The sum of the seed until it is complete, the average from then on.
    private var accumulated = 0.0

    init(_ period: Int) {
        precondition(period > 0)
        self.period = period
        share = 1 / Double(period)
        rest = Double(period - 1) / Double(period)
    }

    @inline(__always)
    mutating func update(_ value: Double) -> Double? {
        if seeded == period {
            accumulated = accumulated * rest + value * share
            return accumulated
        }
        seeded += 1
        accumulated += value
        guard seeded == period else { return nil }
        accumulated /= Double(period)
        return accumulated
    }

    mutating func walk(_ state: inout StateWalk) {
        state.pass(&seeded, in: 0...period)
        state.pass(&accumulated)
    }
}
