/// What 1 became, return by return.
package struct EquityCurve: Equatable, Sendable {
    package let values: [Double]

    package init(_ returns: some Sequence<Double>) {
        var equity = 1.0
        values = returns.map { change in
            equity *= 1 + change
            return equity
        }
    }

    /// Below the highest so far, the beginning included: 0 at a peak, -0.2 a fifth under it.
    package var drawdowns: [Double] {
        var peak = 1.0
        return values.map { value in
            peak = max(peak, value)
            return value / peak - 1
        }
    }

    package var maxDrawdown: Double { drawdowns.min() ?? 0 }
}
