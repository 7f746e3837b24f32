/// Wilder's smoothing: the mean of the first `period` values, then `a = (a · (period - 1) + x) / period`.
struct WilderAverage: Equatable, Sendable {
    private let period: Int
    private var seeded = 0
    private var accumulated = 0.0

    init(_ period: Int) {
        precondition(period > 0)
        self.period = period
    }

    mutating func update(_ value: Double) -> Double? {
        let length = Double(period)
        if seeded == period {
            accumulated = (accumulated * (length - 1) + value) / length
            return accumulated
        }
        seeded += 1
        accumulated += value
        guard seeded == period else { return nil }
        accumulated /= length
        return accumulated
    }
}
