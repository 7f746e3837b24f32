import Expressions
import Indicators
package import Signals

/// What a rule is shown: a closed candle, and what the market said at its close.
package struct RuleBar: Equatable, Sendable {
    package let candle: Candle
    package let gate: GateReading

    package init(_ candle: Candle, _ gate: GateReading) { (self.candle, self.gate) = (candle, gate) }
}

/// What was decided at the close of a bar.
package struct Decision: Equatable, Sendable {
    /// After the gate.
    package var isHeld: Bool
    /// Before the gate.
    package var isIn: Bool
    /// What the conditions, or the grade, came to: part of what a prefix has to repeat.
    package var reading: [Double?]
    /// Conditions that failed; what they came to is nil.
    package var errors: [RuleError] = []
}

/// A rule on its way over the bars of one token. It is given one bar after the other and carries what it
/// needs of those before, so it cannot see a later one.
package struct RuleStream: Sendable {
    private let rule: TradingRule
    private let conditions: [(field: String, condition: BarCondition)]
    private var indicators: IndicatorSet
    private var grades: [any GradeStream]
    private var analysis: SeriesAnalysis?
    private var isIn = false
    /// After the gate, at the bar before.
    private var isHeld = false
    /// Of each condition.
    private var memories: [CrossingMemory]

    package init(_ rule: TradingRule, _ interval: Interval) {
        self.rule = rule
        conditions = rule.conditions
        memories = conditions.map { _ in CrossingMemory() }
        var names: [IndicatorName] = []
        var models: [GradeModel] = []
        switch rule.kind {
        case .states(let enter, let leave):
            names = enter.indicators + leave.indicators
            if enter.readsGrades || leave.readsGrades { models = GradeModel.allCases }
        case .level(let hold):
            names = hold.indicators
            if hold.readsGrades { models = GradeModel.allCases }
        case .model(let model, _, _): models = [model]
        case .signal(let model):
            analysis = GradeModels([model]).map { SeriesAnalysis(interval, models: $0) }
        case .always: break
        }
        var unique: [IndicatorName] = []
        for name in names where !unique.contains(name) { unique.append(name) }
        indicators = IndicatorSet(unique)
        grades = models.map { $0.stream(interval) }
    }

    /// Bars come in the order of time, closed ones only.
    package mutating func update(_ bar: RuleBar) throws -> Decision {
        let values = indicators.names.isEmpty ? [] : try indicators.update(bar.candle.bar)
        let readings = grades.indices.map { grades[$0].read(bar.candle) }
        let view = BarView(bar: bar, indicators: indicators.names, values: values, grades: readings)
        var errors: [RuleError] = []
        // All are asked at every bar, so that what crossings remember does not depend on the state.
        let truths = try judge(view, &errors)
        var reading = truths.map(Self.number)
        switch rule.kind {
        case .states: isIn = isIn ? truths[1] != true : truths[0] == true
        case .level: isIn = truths[0] ?? false
        case .model(_, let enter, let leave):
            let grade = readings.first?.value
            reading = [grade]
            if let grade, grade >= leave { isIn = isIn || grade >= enter } else { isIn = false }
        case .signal:
            let grade = analysis?.update(.init(bar.candle, bar.gate)).grade
            reading = [grade?.value]
            isIn = analysis?.openSignals.contains { $0.direction == .bullish } ?? false
        case .always: isIn = true
        }
        // While nobody knows how the market stands, nothing begins and nothing ends by it.
        let isThrough = bar.gate.isOpen || isHeld && !bar.gate.isClosed
        isHeld = isIn && (!rule.isGated || isThrough)
        return Decision(isHeld: isHeld, isIn: isIn, reading: reading, errors: errors)
    }

    private mutating func judge(_ view: BarView, _ errors: inout [RuleError]) throws -> [Bool?] {
        try conditions.enumerated().map { place, named in
            switch named.condition.judge(view, remembering: &memories[place]) {
            case .holds(let truth): return truth
            case .unknown: return nil
            case .failed(let error) where error.endsTheRun:
                let why = "\(named.condition.text(of: error)) (at \(view.bar.candle.openTime))"
                throw RuleFailure(message: "\(named.field): \(why)")
            case .failed(let error):
                errors.append(RuleError(place: place, error: error))
                return nil
            }
        }
    }

    private static func number(_ truth: Bool?) -> Double? { truth.map { $0 ? 1 : 0 } }
}
