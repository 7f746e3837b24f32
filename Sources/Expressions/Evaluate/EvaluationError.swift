/// Why an expression has no value. Errors are values: they are told, never traps.
package struct EvaluationError: Error, Equatable, Sendable {
    package enum Code: String, Sendable, CaseIterable {
        case noSuchField = "no_such_field"
        case noSuchKey = "no_such_key"
        /// The operator or function is not there for these types.
        case noSuchOverload = "no_such_overload"
        case indexOutOfBounds = "index_out_of_bounds"
        case divisionByZero = "division_by_zero"
        case overflow
        case outOfRange = "out_of_range"
        case invalidArgument = "invalid_argument"
        case duplicateKey = "duplicate_key"
        case unknownVariable = "unknown_variable"
        /// A value is no value of CEL.
        case unusableValue = "unusable_value"
        case resultTooLarge = "result_too_large"
        case costExceeded = "cost_exceeded"

        /// Limits hold whatever stands around: `&&` and `||` swallow every other error.
        var isLimit: Bool { self == .costExceeded || self == .resultTooLarge }
    }

    package let code: Code
    package let message: String
    /// Unicode scalars of the source, from 0.
    package let range: Range<Int>
}
