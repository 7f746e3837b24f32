/// The population standard deviation of the last `period` closes. First value at index `period - 1`.
package struct StandardDeviation: Indicator {
    private var closes: RollingSum

    package init(_ period: Int = 20) { closes = RollingSum(period) }

    package mutating func update(_ close: Double) -> Double? {
        closes.push(close)
        return closes.isFull ? closes.moments.deviation : nil
    }

    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar.close)) }

    package mutating func walk(_ state: inout StateWalk) { closes.walk(&state) }
}
