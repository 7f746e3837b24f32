/// Why an indicator can't be made, or a bar not be taken. The text names what is wrong, for the person who
/// asked.
package enum IndicatorMistake: Error, Equatable, Sendable, CustomStringConvertible {
    case unknown(String)
    /// An indicator's name with a number that is none, or with too many or too few of them.
    case parameters(IndicatorLine, [IndicatorParameter])
    case outOfBounds(IndicatorLine, IndicatorParameter)
    /// The first parameter must be below the second.
    case notBelow(IndicatorLine, String, String)
    /// A field of a bar that is no finite number.
    case notFinite(String)
    /// Bytes that no indicators of these names were saved as.
    case snapshot(String)

    package var description: String {
        switch self {
        case .unknown(let name): "\(name) is no indicator"
        case .parameters(let line, let wanted) where wanted.isEmpty: "\(line.rawValue) takes no parameters"
        case .parameters(let line, let wanted):
            "\(line.rawValue) takes \(wanted.map(\.name).joined(separator: ", "))"
                + ", as in \(line.rawValue)\(IndicatorName.text(wanted.map(\.standard)))"
        case .outOfBounds(let line, let parameter):
            "\(line.rawValue): \(parameter.name) must be "
                + (parameter.isWhole ? "a whole number " : "") + "from \(parameter.boundsText)"
        case .notBelow(let line, let low, let high): "\(line.rawValue): \(low) must be below \(high)"
        case .notFinite(let field): "\(field) must be a finite number"
        case .snapshot(let reason): "the snapshot \(reason)"
        }
    }
}
