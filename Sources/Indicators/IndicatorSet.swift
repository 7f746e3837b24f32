/// Any lines of any indicators, streamed together over one series: each indicator is computed once, however
/// many of its lines are asked for.
package struct IndicatorSet: Sendable {
    package let names: [IndicatorName]
    var indicators: [any Indicator] = []
    /// Where in the row of all indicators the value of each name stands.
    private var places: [Int] = []
    private var row: [Double?] = []

    private struct Key: Hashable {
        var study: IndicatorStudy
        var parameters: [Double]
    }

    package init(_ names: [IndicatorName], undefined: Undefined = .null) {
        self.names = names
        var begins: [Key: Int] = [:]
        var width = 0
        for name in names {
            let study = name.line.study
            let key = Key(study: study, parameters: name.parameters)
            let begin = begins[key] ?? width
            if begins[key] == nil {
                begins[key] = width
                width += study.lines.count
                indicators.append(study.make(name.parameters, undefined))
            }
            places.append(begin + (study.lines.firstIndex(of: name.line) ?? 0))
        }
        row.reserveCapacity(width)
    }

    /// One value for each name, nil where it is undefined. A bar that is refused changes nothing.
    package mutating func update(_ bar: Bar) throws(IndicatorMistake) -> [Double?] {
        try bar.checkFinite()
        row.removeAll(keepingCapacity: true)
        for index in indicators.indices { indicators[index].update(bar, onto: &row) }
        // Numbers near the end of a double's range may overflow on the way: no answer is better than
        // infinity.
        return places.map { place in row[place].flatMap { $0.isFinite ? $0 : nil } }
    }
}
