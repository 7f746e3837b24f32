/// Simple moving average: the mean of the last `period` values. First value at index `period - 1`.
package struct SMA: Equatable, Sendable {
    private let period: Int
    private var values: RollingSum
    /// How many of the last values are defined, up to `period`.
    private var defined = 0

    package init(_ period: Int) {
        self.period = period
        values = RollingSum(period)
    }

    /// Nil while one of the last `period` values is itself undefined.
    @inline(__always)
    package mutating func update(_ value: Double?) -> Double? {
        values.push(value ?? 0)
        defined = value == nil ? 0 : min(defined + 1, period)
        return defined == period ? values.mean : nil
    }
}

extension SMA: Indicator {
    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar.close)) }

    package mutating func walk(_ state: inout StateWalk) {
        values.walk(&state)
        state.pass(&defined, in: 0...period)
    }
}
