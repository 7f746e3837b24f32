import Signals

/// What a model says at a close. Nil is "nothing that one may hold by".
struct GradeReading: Equatable, Sendable {
    var value: Double?
}

extension GradeModel {
    /// What it is called in expressions: `grade.trader`.
    var field: String {
        switch self {
        case .traderV0: "trader"
        case .traderV1: "trader_v1"
        }
    }

    /// Bars before the grade has all its parts.
    var lookBack: Int {
        switch self {
        case .traderV0: 199
        case .traderV1: 80
        }
    }

    func stream(_ interval: Interval) -> any GradeStream {
        switch self {
        case .traderV0: TraderGrade(interval)
        case .traderV1: TraderGradeV1(interval)
        }
    }
}

extension GradeStream {
    mutating func read(_ candle: Candle) -> GradeReading {
        guard let grade = update(candle) else { return GradeReading(value: nil) }
        let settings = Self.model.settings
        let isPoor = settings.forgetsPoorData && grade.dataQuality < settings.leastDataQuality
        return GradeReading(value: isPoor ? nil : grade.value)
    }
}
