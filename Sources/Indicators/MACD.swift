/// Moving average convergence/divergence. Both averages begin together at index `slow - 1`: the fast one is
/// seeded with the mean of the `fast` closes that end there. All three values are masked until the signal
/// line exists, at index `slow + signal - 2` (33).
package struct MACD: Equatable, Sendable {
    package struct Value: Equatable, Sendable {
        package var macd: Double
        package var signal: Double
        package var histogram: Double { macd - signal }
    }

    private var fast: EMA
    private var slow: EMA
    private var signal: EMA
    /// Closes that the fast average must not see, so that both are seeded at the same bar.
    private var closesBeforeFast: Int
    private let headStart: Int

    package init(fast: Int = 12, slow: Int = 26, signal: Int = 9) {
        precondition(fast < slow)
        self.fast = EMA(fast)
        self.slow = EMA(slow)
        self.signal = EMA(signal)
        headStart = slow - fast
        closesBeforeFast = headStart
    }

    @inline(__always)
    package mutating func update(_ close: Double) -> Value? {
        let slowValue = slow.update(close)
        guard closesBeforeFast == 0 else {
            closesBeforeFast -= 1
            return nil
        }
        guard let fastValue = fast.update(close), let slowValue else { return nil }
        let difference = fastValue - slowValue
        return signal.update(difference).map { Value(macd: difference, signal: $0) }
    }
}

extension MACD: Indicator {
    package mutating func update(_ bar: Bar, onto row: inout [Double?]) {
        let value = update(bar.close)
        row += [value?.macd, value?.signal, value?.histogram]
    }

    package mutating func walk(_ state: inout StateWalk) {
        fast.walk(&state)
        slow.walk(&state)
        signal.walk(&state)
        state.pass(&closesBeforeFast, in: 0...headStart)
    }
}
