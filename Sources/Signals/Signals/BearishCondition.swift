/// One of the five conditions of a bearish warning, with its numbers.
package struct BearishCondition: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case lowGrade = "low_grade"
        case negativeROI = "negative_roi"
        case volumeDrying = "volume_drying"
        case bearishCrossover = "bearish_crossover"
        case narrativeFading = "narrative_fading"
    }

    package struct Number: Equatable, Sendable {
        package var name: String
        package var value: Double?

        init(_ name: String, _ value: Double?) {
            self.name = name
            self.value = value
        }
    }

    package var kind: Kind
    /// Nil where it cannot be told.
    package var holds: Bool?
    package var numbers: [Number]
}
