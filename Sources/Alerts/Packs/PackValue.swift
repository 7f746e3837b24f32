import JSON
import Kernel

/// What a parameter is set to.
enum PackValue: Equatable, Sendable {
    case integer(Int)
    case number(Double)
    case duration(Period, text: String)
    case text(String)
    case texts([String])
    case none

    var json: JSONValue {
        switch self {
        case .integer(let number): .number(JSONNumber(number))
        case .number(let number): JSONNumber(number).map { .number($0) } ?? .null
        case .duration(_, let text), .text(let text): .string(text)
        case .texts(let texts): .array(texts.map { .string($0) })
        case .none: .null
        }
    }

    /// Of numbers and times, which have an order.
    var size: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        case .duration(let period, _): Double(period.microseconds)
        case .text, .texts, .none: nil
        }
    }

    /// As it stands in a condition.
    var expression: String {
        switch self {
        case .integer(let number): String(number)
        case .number(let number): number.description
        case .duration(_, let text), .text(let text): text
        case .texts(let texts): "[" + texts.map(Self.quoted).joined(separator: ", ") + "]"
        case .none: "null"
        }
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
    }

    /// More or less by what is written behind its name: `attempts-1`, `within+1s`; or one of several:
    /// `operations[0]`. Nil when that makes no sense.
    func moved(by suffix: Substring) -> PackValue? {
        guard let sign = suffix.first else { return self }
        if sign == "[", suffix.last == "]", let place = Int(suffix.dropFirst().dropLast()) {
            guard case .texts(let texts) = self, texts.indices.contains(place) else { return nil }
            return .text(texts[place])
        }
        guard sign == "+" || sign == "-" else { return nil }
        let operand = String(suffix.dropFirst())
        let factor = sign == "+" ? 1 : -1
        switch self {
        case .integer(let number): return Int(operand).map { .integer(number + factor * $0) }
        case .number(let number): return Double(operand).map { .number(number + Double(factor) * $0) }
        case .duration(let period, _):
            return Period(operand).map {
                let moved = Period(microseconds: period.microseconds + Int64(factor) * $0.microseconds)
                return .duration(moved, text: moved.description)
            }
        case .text, .texts, .none: return nil
        }
    }
}
