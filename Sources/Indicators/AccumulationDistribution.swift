/// Accumulation/distribution line: the sum of each bar's volume times where its close stands in its range,
/// from
/// -1 at the low to 1 at the high. A bar without range adds nothing. First value at index 0.
package struct AccumulationDistribution: Indicator {
    private var line = 0.0

    package init() {}

    package mutating func update(_ bar: Bar) -> Double {
        let range = bar.high - bar.low
        if range > 0 { line += ((bar.close - bar.low) - (bar.high - bar.close)) / range * bar.volume }
        return line
    }

    package mutating func update(_ bar: Bar, onto row: inout [Double?]) { row.append(update(bar)) }

    package mutating func walk(_ state: inout StateWalk) { state.pass(&line) }
}
