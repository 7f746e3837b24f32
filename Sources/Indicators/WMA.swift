/// Weighted moving average: the newest of the last `period` closes counts `period` times, the oldest once.
/// First value at index `period - 1`.
package struct WMA: Indicator {
    private var trend: RollingTrend

    package init(_ period: Int = 20) { trend = RollingTrend(period) }

    package mutating func update(_ close: Double) -> Double? {
        trend.push(close)
        return trend.isFull ? trend.weightedMean : nil
    }

    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar.close)) }

    package mutating func walk(_ state: inout StateWalk) { trend.walk(&state) }
}
