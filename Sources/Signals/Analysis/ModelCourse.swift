import Indicators

/// What one model brought to a series at one candle.
package struct ModelResult: Equatable, Sendable {
    package var model: GradeModel
    package var grade: Grade?
    package var changes: [SignalChange]
}

/// One model's grades and signals, candle by candle.
struct ModelCourse<Stream: GradeStream>: Equatable, Sendable {
    private var grades: Stream
    private(set) var rule: SignalRule

    init(_ interval: Interval, _ models: GradeModels) {
        grades = Stream(interval)
        rule = SignalRule(interval, model: Stream.model, settings: models.settings(of: Stream.model))
    }

    mutating func update(
        _ step: SeriesAnalysis.Step, around surroundings: SignalSurroundings
    ) -> ModelResult {
        let grade = grades.update(step.candle)
        let changes = rule.update(
            step.candle, grade: grade, gate: step.gate, supplied: step.supplied, around: surroundings)
        return ModelResult(model: Stream.model, grade: grade, changes: changes)
    }
}

extension ModelCourse {
    mutating func walk(_ state: inout StateWalk) {
        grades.walk(&state)
        rule.walk(&state)
    }
}
