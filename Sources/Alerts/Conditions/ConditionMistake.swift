/// Why a text is no condition, or none that fits its event types.
package struct ConditionMistake: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case malformed
        /// CEL, but not yet understood here.
        case notYetSupported
        case unknownField
        case wrongType
    }

    package let kind: Kind
    /// Characters from 1.
    package let column: Int
    /// What was expected, and a suggestion.
    package let message: String

    init(_ kind: Kind = .malformed, at column: Int, _ message: String) {
        (self.kind, self.column, self.message) = (kind, column, message)
    }

    /// For the field's error: position first.
    package var sentence: String { "at character \(column): \(message)" }
}
