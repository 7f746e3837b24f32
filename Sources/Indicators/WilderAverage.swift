/// Wilder's smoothing: the mean of the first `period` values, then `a += (x - a) / period`.
struct WilderAverage: Equatable, Sendable {
    private let period: Int
    private let factor: Double
    private var seeded = 0
    /// The sum of the seed until it is complete, the average from then on.
    private var accumulated = 0.0

    init(_ period: Int) {
        precondition(period > 0)
        self.period = period
        factor = 1 / Double(period)
    }

    @inline(__always)
    mutating func update(_ value: Double) -> Double? {
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

    mutating func walk(_ state: inout StateWalk) {
        state.pass(&seeded, in: 0...period)
        state.pass(&accumulated)
    }
}
