package import Kernel

/// How good a grade is, in words.
package enum GradeZone: String, CaseIterable, Sendable {
    case surging, gaining, steady, losing, crashing

    package init(_ grade: Double) {
        self =
            switch grade {
            case 81...: .surging
            case 61...: .gaining
            case 41...: .steady
            case 21...: .losing
            default: .crashing
            }
    }
}

/// What the grade suggests: `buy` where a bullish signal opens, `sell` where a low grade counts as a warning.
package enum GradeLabel: String, CaseIterable, Sendable {
    case buy, neutral, sell

    package init(_ grade: Double) { self = grade >= 70 ? .buy : grade < 30 ? .sell : .neutral }
}

/// The Trader Grade of one closed candle, 0 to 100, unrounded, with all that it was made of.
package struct Grade: Equatable, Sendable {
    /// Open time of the candle.
    package var time: Timestamp
    package var value: Double
    /// The grade of the candle before.
    package var previous: Double?
    /// 0 to 100: the weight of the components that had an answer, less the part of the last 100 candles that
    /// is missing.
    package var dataQuality: Double
    package var missingLast100: Int
    package var inputs: GradeInputs
    var firstTimes: [Timestamp]

    package var zone: GradeZone { GradeZone(value) }
    package var label: GradeLabel { GradeLabel(value) }
    package var deltaVsPrevious: Double? { previous.map { value - $0 } }
}

// MARK: Why

extension Grade {
    /// The why tree, in the model's order. Contributions add up to the grade.
    package var components: [GradeComponent] {
        let shared = GradeWeights(inputs).scored
        return GradeComponentKind.allCases.enumerated().map { index, kind in
            let score = kind.score(inputs)
            let weight = score.points == nil ? 0 : kind.weight / shared
            return GradeComponent(
                kind: kind, weight: kind.weight, effectiveWeight: weight, score: score.points,
                isNeutral: score == .neutral, contribution: weight * (score.points ?? 0),
                inputs: kind.inputs(inputs), formula: kind.formula,
                candles: score == .missing
                    ? nil : CandleSpan(from: firstTimes[index], to: time, count: kind.count(inputs)))
        }
    }

    /// One sentence made from the three largest contributions.
    package var sentence: String {
        let largest = components.sorted { $0.contribution > $1.contribution }.prefix(3).map { component in
            let name = component.kind.rawValue.split(separator: "_").joined(separator: " ")
            let most = Self.tenths(component.effectiveWeight * 100)
            return "\(name) (\(Self.tenths(component.contribution)) of \(most))"
        }
        return "Grade \(Self.tenths(value)), \(zone.rawValue): most comes from "
            + "\(largest[0]), \(largest[1]) and \(largest[2])."
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(abs(tenths % 10))"
    }
}

/// The weights of a candle's components, by what they could say.
struct GradeWeights {
    /// Of components with a score.
    private(set) var scored = 0.0
    /// Of components whose score is an answer, not the neutral stand-in.
    private(set) var answered = 0.0
    private(set) var points = 0.0
    private(set) var count = 0

    init(_ inputs: GradeInputs) {
        for kind in GradeComponentKind.allCases {
            let score = kind.score(inputs)
            guard let value = score.points else { continue }
            count += 1
            scored += kind.weight
            points += kind.weight * value
            if score != .neutral { answered += kind.weight }
        }
    }
}
