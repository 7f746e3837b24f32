/// Where the newest value stands among the last `period` values, itself included: the average rank of its
/// ties over the count, above 0 and up to 1 (pandas `rank(pct=True)`). First value at the `minimum`-th value.
package struct PercentileRank: Equatable, Sendable {
    private var window: Window
    private let minimum: Int

    package init(_ period: Int = 180, minimum: Int = 60) {
        precondition(minimum <= period)
        window = Window(period)
        self.minimum = minimum
    }

    package mutating func update(_ value: Double) -> Double? {
        window.push(value)
        guard window.count >= minimum else { return nil }
        let below = window.count { $0 < value }
        let equal = window.count { $0 == value }
        return (Double(below) + Double(equal + 1) / 2) / Double(window.count)
    }

    /// How many values the last rank was among.
    package var count: Int { window.count }
}

extension PercentileRank {
    package mutating func walk(_ state: inout StateWalk) { window.walk(&state) }
}
