import HTTPServer

extension Parameters {
    /// The range of grades that `grade_gte`, `grade_lt`, `zone` and `label` leave together.
    mutating func grades(of model: GradeModel) -> GradeReads.Filter {
        var filter = GradeReads.Filter(atLeast: grade("grade_gte"), below: grade("grade_lt"))
        if let zone = choice("zone", GradeZone.self) { filter.narrow(zone.range) }
        if let label = choice("label", GradeLabel.self) { filter.narrow(model.range(of: label)) }
        return filter
    }

    /// Any finite number.
    mutating func number(_ name: String) -> Double? {
        parsed(name, expected: "a number") { text in
            Double(text).flatMap { $0.isFinite ? $0 : nil }
        }
    }
}

extension GradeReads.Filter {
    fileprivate mutating func narrow(_ range: Range<Double>) {
        atLeast = max(atLeast ?? range.lowerBound, range.lowerBound)
        below = min(below ?? range.upperBound, range.upperBound)
    }
}

extension GradeZone {
    /// The grades in it.
    fileprivate var range: Range<Double> {
        switch self {
        case .surging: 81..<101
        case .gaining: 61..<81
        case .steady: 41..<61
        case .losing: 21..<41
        case .crashing: 0..<21
        }
    }
}

extension GradeModel {
    fileprivate func range(of label: GradeLabel) -> Range<Double> {
        switch label {
        case .buy: settings.bullishFrom..<101
        case .neutral: settings.lowGrade..<settings.bullishFrom
        case .sell: 0..<settings.lowGrade
        }
    }
}
