/// By how many percent the close is above the close `period` bars ago. First value at index `period`.
/// Undefined after a price of zero.
package struct RateOfChange: Indicator {
    private let undefined: Undefined
    private var closes: Window

    package init(_ period: Int = 10, undefined: Undefined = .null) {
        self.undefined = undefined
        closes = Window(period)
    }

    package mutating func update(_ close: Double) -> Double? {
        guard let earlier = closes.push(close) else { return nil }
        return earlier == 0 ? undefined.value : (close / earlier - 1) * 100
    }

    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar.close)) }

    package mutating func walk(_ state: inout StateWalk) { closes.walk(&state) }
}
