package import Expressions
import Indicators
import Signals

/// A condition of CEL over one bar after the other, checked when it is written.
package struct BarCondition: Equatable, Sendable {
    /// As written.
    package let source: String
    let expression: Expression
    let indicators: [IndicatorName]

    package init(_ source: String) throws(ExpressionMistake) {
        self.source = source
        expression = try Expression(source, in: BarVocabulary.environment, giving: .bool)
        indicators = expression.variables.compactMap { try? IndicatorName($0) }
    }

    package static func == (a: BarCondition, b: BarCondition) -> Bool {
        a.source.utf8.elementsEqual(b.source.utf8)
    }

    /// The source without white space and comments.
    var words: String { expression.words }

    var readsGrades: Bool { expression.variables.contains("grade") }

    var readsMarket: Bool { expression.variables.contains("market") }

    /// Bars before everything that it reads has a value.
    var lookBack: Int {
        let grades = readsGrades ? GradeModel.allCases.map(\.lookBack).max() ?? 0 : 0
        return max(indicators.map(\.lookBack).max() ?? 0, grades)
    }

    /// The bar from which it no longer matters where the series began (to one part in 10⁹).
    var firstStable: Int { max(indicators.map(\.firstStable).max() ?? 0, lookBack) }
}

/// Units of cost that one bar may take: far above what a rule of indicators needs.
private let costPerBar = 10_000

extension BarCondition {
    func judge(_ view: BarView, remembering memory: inout CrossingMemory) -> BarTruth {
        switch expression.evaluate(view, remembering: &memory, cost: costPerBar) {
        case .success(.bool(let truth)): .holds(truth)
        case .success: .unknown
        // That is what comes of a null, wherever it stands.
        case .failure(let error) where error.code == .noSuchOverload && lacks(view): .unknown
        case .failure(let error): .failed(error)
        }
    }

    /// Whether something that it reads has no value at this bar.
    private func lacks(_ view: BarView) -> Bool {
        indicators.contains { view.value($0) == nil }
            || readsGrades && view.grades.contains { $0.value == nil }
            || readsMarket && view.bar.gate.market?.sma50 == nil
    }

    func text(of error: EvaluationError) -> String { "\(expression.text(of: error)): \(error.message)" }
}

extension EvaluationError {
    /// What exceeds its cost does so at other bars, too.
    var endsTheRun: Bool { code == .costExceeded || code == .resultTooLarge }
}

/// Why a rule could not be run to its end.
package struct RuleFailure: Error, Equatable, Sendable {
    package let message: String
}
