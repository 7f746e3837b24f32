import Events
import Expressions
import Kernel

/// What of an event a window counts or adds up: an expression of CEL over `event`.
package struct EventExpression: Sendable {
    /// As written.
    package let source: String
    /// Nil for a stored one that cannot be read any more.
    private let expression: Expression?

    init(_ source: String, on patterns: [EventPattern]) throws(ExpressionMistake) {
        self.source = source
        expression = try Expression(source, in: .events(of: patterns))
    }

    /// As `Condition.init(stored:)`.
    init(stored source: String, on patterns: [EventPattern]) {
        self.source = source
        expression =
            (try? Expression(source, in: .events(of: patterns)))
            ?? (try? Expression(source, in: .events(of: [])))
    }

    enum Outcome {
        case value(Value)
        /// Null: the event counts for nothing.
        case nothing
        case error(String)
    }

    func evaluate(_ event: Value) -> Outcome {
        guard let expression else { return .error("\(source) cannot be read any more") }
        switch expression.evaluate(EventVariable(event), cost: Condition.cost) {
        case .success(.null): return .nothing
        case .success(let value): return .value(value)
        case .failure(let error): return .error("\(expression.text(of: error)): \(error.message)")
        }
    }

    /// Of a number, or of a text that is one.
    static func amount(of value: Value) -> Decimal? {
        switch value {
        case .int(let int): Decimal(String(int))
        case .uint(let uint): Decimal(String(uint))
        case .double(let double): Decimal(plain(double))
        case .string(let text): Decimal(text)
        case .decimal(let decimal): decimal
        default: nil
        }
    }

    /// Without an exponent, to nine places.
    private static func plain(_ double: Double) -> String {
        let text = double.description
        guard text.contains("e"), double.magnitude < 1e18 else { return text }
        let scaled = (double.magnitude * 1e9).rounded()
        guard scaled < 1e36 else { return text }
        let digits = String(Int128(scaled))
        let padded = String(repeating: "0", count: max(0, 10 - digits.count)) + digits
        return "\(double < 0 ? "-" : "")\(padded.dropLast(9)).\(padded.suffix(9))"
    }
}

extension EventExpression: Equatable {
    package static func == (a: Self, b: Self) -> Bool { a.source.utf8.elementsEqual(b.source.utf8) }
}
