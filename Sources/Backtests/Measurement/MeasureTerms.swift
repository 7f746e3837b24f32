/// What every rule is measured under.
package struct MeasureTerms: Equatable, Sendable {
    /// Part of the price that a purchase, and a sale, costs: 10 basis points.
    package var costPerSide = 0.001
    /// Bars of each token that are not measured.
    package var warmUp = 200
    package var periodsPerYear = RiskMetrics.daysPerYear

    /// Bars of a token that have to be left after the warm-up; a token with fewer is left out.
    package static let fewestMeasured = 120

    package init() {}
}
