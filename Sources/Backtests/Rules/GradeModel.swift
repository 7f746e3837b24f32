package import Signals

/// A grade that rules may use. Another model is one line of `all`, and a stream that reads it.
package struct GradeModel: Equatable, Sendable {
    package let name: String
    /// What it is called in expressions: `grade.trader`.
    package let field: String
    /// Bars before the grade has all its parts.
    package let lookBack: Int
    let stream: @Sendable (Interval) -> any GradeStream

    package static func == (a: GradeModel, b: GradeModel) -> Bool { a.name == b.name }

    package static let all = [
        GradeModel(name: TraderGrade.model, field: "trader", lookBack: 199) { TraderGrade($0) }
    ]
}

/// What a model says at a close. Nil is "nothing that one may hold by".
struct GradeReading: Equatable, Sendable {
    var value: Double?
}

/// A model, streamed over the closed candles of one series.
protocol GradeStream: Sendable {
    mutating func read(_ candle: Candle) -> GradeReading
}

extension TraderGrade: GradeStream {
    mutating func read(_ candle: Candle) -> GradeReading { GradeReading(value: update(candle)?.value) }
}
