import Kernel

/// An enum that a field may name by raw value.
package typealias FieldChoice = CaseIterable & RawRepresentable<String>

extension CaseIterable {
    static var standIn: Self {
        guard let first = allCases.first else { preconditionFailure("no cases to choose from") }
        return first
    }
}

/// What one value is worth where one type is expected.
enum FieldVerdict<T> {
    case accepted(T)
    case refused(code: String, String)

    static var nulMessage: String { "must not contain the character U+0000" }

    static func wrongType(_ expected: String) -> Self {
        .refused(code: FieldCode.wrongType, "must be \(expected)")
    }

    static func outOfRange<N>(_ range: ClosedRange<N>) -> Self {
        .refused(code: FieldCode.outOfRange, "must be from \(range.lowerBound) to \(range.upperBound)")
    }
}

extension FieldVerdict where T == String {
    static func string(_ value: JSONValue, _ length: ClosedRange<Int>) -> Self {
        guard case .string(let text) = value else { return .wrongType("a string") }
        if text.withBytes({ $0.contains(0) }) { return .refused(code: FieldCode.malformed, nulMessage) }
        // Of ASCII, which most texts are, bytes are scalars.
        let count = text.utf8Span.isKnownASCII ? text.utf8.count : text.unicodeScalars.count
        if count < length.lowerBound {
            let least = length.lowerBound
            return .refused(
                code: FieldCode.tooShort,
                least == 1 ? "must not be empty" : "must have at least \(least) characters")
        }
        if count > length.upperBound {
            return .refused(
                code: FieldCode.tooLong, "must have at most \(length.upperBound) characters")
        }
        return .accepted(text)
    }
}

extension FieldVerdict where T == Int {
    static func int(_ value: JSONValue, _ range: ClosedRange<Int>) -> Self {
        guard case .number(let number) = value, number.isIntegral else { return .wrongType("an integer") }
        guard let exact = number.int, range.contains(Int(exact)) else { return .outOfRange(range) }
        return .accepted(Int(exact))
    }
}

extension FieldVerdict where T == Double {
    static func double(_ value: JSONValue, _ range: ClosedRange<Double>) -> Self {
        guard case .number(let number) = value else { return .wrongType("a number") }
        guard let nearest = number.double, range.contains(nearest) else { return .outOfRange(range) }
        return .accepted(nearest)
    }
}

extension FieldVerdict where T == Bool {
    static func bool(_ value: JSONValue) -> Self {
        guard case .bool(let truth) = value else { return .wrongType("true or false") }
        return .accepted(truth)
    }
}

extension FieldVerdict where T: FieldChoice {
    static func choice(_ value: JSONValue, _ type: T.Type) -> Self {
        guard case .string(let text) = value else { return .wrongType("a string") }
        if let choice = T(rawValue: text), choice.rawValue.hasSameBytes(as: text) { return .accepted(choice) }
        let choices = T.allCases.map(\.rawValue)
        let hint = Suggestion.hint(for: text, among: choices)
        return .refused(
            code: FieldCode.notAChoice, "must be one of \(choices.joined(separator: ", "))\(hint)")
    }
}

extension FieldVerdict {
    /// Longer than any identifier, time or decimal; bounds what a domain parser has to bear.
    static var parsedScalarsAtMost: Int { 4096 }

    static func parsed(_ value: JSONValue, _ expected: String, _ parse: (String) -> T?) -> Self {
        switch FieldVerdict<String>.string(value, 0...parsedScalarsAtMost) {
        case .refused(let code, let message): return .refused(code: code, message)
        case .accepted(let text):
            guard let parsed = parse(text) else {
                return .refused(code: FieldCode.malformed, "must be \(expected)")
            }
            return .accepted(parsed)
        }
    }
}

extension JSONNumber {
    /// Written without fraction and exponent, whatever its size.
    var isIntegral: Bool { text.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: "-") } }
}
