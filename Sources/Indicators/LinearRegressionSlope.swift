/// How much the least-squares line through the last `period` closes rises in one bar. First value at index
/// `period - 1`.
package struct LinearRegressionSlope: Indicator {
    private var trend: RollingTrend

    package init(_ period: Int = 20) {
        precondition(period > 1, "one point has no slope")
        trend = RollingTrend(period)
    }

    package mutating func update(_ close: Double) -> Double? {
        trend.push(close)
        return trend.isFull ? trend.slope : nil
    }

    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar.close)) }

    package mutating func walk(_ state: inout StateWalk) { trend.walk(&state) }
}
