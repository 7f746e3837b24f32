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
}

/// The Trader Grade of one closed candle, 0 to 100, unrounded, with all that it was made of.
package struct Grade: Equatable, Sendable {
    package var model = GradeModel.traderV0
    /// Open time of the candle.
    package var time: Timestamp
    package var value: Double
    /// The grade of the candle before.
    package var previous: Double?
    /// 0 to 100: the weight of what had an answer. In v0 less the part of the last 100 candles that is
    /// missing; v1 tells those in `missingLast100` alone.
    package var dataQuality: Double
    package var missingLast100: Int
    /// All that v0 is made of; of v1 the figures that warnings and stop levels need.
    package var inputs: GradeInputs
    /// Where the candles of each component or leaf begin.
    var firstTimes: [Timestamp]
    /// Of v1: what its leaves say.
    var leaves: [LeafReading] = []

    package var zone: GradeZone { GradeZone(value) }
    package var label: GradeLabel { model.label(value) }
    package var deltaVsPrevious: Double? { previous.map { value - $0 } }
}

// MARK: Why

extension Grade {
    /// The why tree, in the model's order. Contributions add up to the grade.
    package var components: [GradeComponent] {
        switch model {
        case .traderV0: weighted
        case .traderV1: families
        }
    }

    private var weighted: [GradeComponent] {
        let shared = GradeWeights(inputs).scored
        return GradeComponentKind.allCases.enumerated().map { index, kind in
            let score = kind.score(inputs)
            let weight = score.points == nil ? 0 : kind.weight / shared
            return GradeComponent(
                name: kind.rawValue, weight: kind.weight, effectiveWeight: weight, score: score.points,
                isNeutral: score == .neutral, contribution: weight * (score.points ?? 0),
                inputs: kind.inputs(inputs), formula: kind.formula,
                candles: score == .missing
                    ? nil : CandleSpan(from: firstTimes[index], to: time, count: kind.count(inputs)))
        }
    }

    private var families: [GradeComponent] {
        let means = FamilyMeans(leaves)
        let nominal = 1 / Double(GradeFamily.allCases.count)
        return zip(GradeFamily.allCases, means.families).map { family, mean in
            let weight = mean.score == nil ? 0 : 1 / Double(means.existing)
            let children = family.range.map { index in
                leaf(
                    index, nominal: nominal / Double(family.range.count),
                    weight: weight / Double(max(mean.existing, 1)))
            }
            return GradeComponent(
                name: family.rawValue, weight: nominal, effectiveWeight: weight, score: mean.score,
                isNeutral: false, contribution: weight * (mean.score ?? 0), inputs: [],
                formula: "mean of its leaves",
                candles: children.compactMap(\.candles).max { $0.count < $1.count }, children: children)
        }
    }

    private func leaf(_ index: Int, nominal: Double, weight: Double) -> GradeComponent {
        let (leaf, reading) = (GradeLeaf.all[index], leaves[index])
        let weight = reading.score == nil ? 0 : weight
        return GradeComponent(
            name: leaf.name, weight: nominal, effectiveWeight: weight, score: reading.score, isNeutral: false,
            contribution: weight * (reading.score ?? 0), inputs: leaf.inputs(reading, close: inputs.close),
            formula: leaf.family.formula,
            candles: reading.score.map { _ in
                CandleSpan(from: firstTimes[index], to: time, count: leaf.count)
            })
    }

    /// One sentence made from the three largest contributions.
    package var sentence: String {
        let parts = components.map {
            GradeSentence.Part(
                name: $0.name, weight: $0.effectiveWeight, contribution: $0.contribution)
        }
        return GradeSentence(value, parts).text
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
