/// The close less the close `period` bars ago. First value at index `period`.
package struct Momentum: Indicator {
    private var closes: Window

    package init(_ period: Int = 10) { closes = Window(period) }

    package mutating func update(_ close: Double) -> Double? { closes.push(close).map { close - $0 } }

    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar.close)) }

    package mutating func walk(_ state: inout StateWalk) { closes.walk(&state) }
}
