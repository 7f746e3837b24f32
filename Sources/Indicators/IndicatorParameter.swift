/// A number that an indicator is made with.
package struct IndicatorParameter: Equatable, Sendable {
    package var name: String
    /// What is usual.
    package var standard: Double
    package var minimum: Double
    package var maximum: Double
    package var isWhole: Bool

    /// Bars that any window may hold. It bounds the memory of a request and what one update can cost.
    package static let longest = 1_000.0

    static func bars(_ name: String, _ standard: Int, from minimum: Int) -> IndicatorParameter {
        IndicatorParameter(
            name: name, standard: Double(standard), minimum: Double(minimum), maximum: longest, isWhole: true)
    }

    static let deviations = IndicatorParameter(
        name: "deviations", standard: 2, minimum: 0.1, maximum: 10, isWhole: false)

    func allows(_ value: Double) -> Bool {
        value >= minimum && value <= maximum && (!isWhole || value == value.rounded())
    }

    var boundsText: String {
        "\(IndicatorName.text([minimum])) to \(IndicatorName.text([maximum]))"
    }
}
