import Kernel

extension Value {
    /// What `string()` gives; nil where CEL has no such conversion.
    var text: String? {
        switch self {
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .uint(let value): String(value)
        case .double(let value): NumberText.double(value)
        case .string(let value): value
        case .bytes(let value): String(validating: value, as: UTF8.self)
        case .timestamp(let value): value.description
        case .duration(let value): value.description
        case .type(let value): value.rawValue
        case .ip(let value): value.description
        case .cidr(let value): value.description
        case .decimal(let value): value.description
        case .null, .list, .map, .object: nil
        }
    }
}

/// Numbers as text.
enum NumberText {
    /// The shortest digits that read back as the same double; written out where that is short.
    static func double(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        let text = value.description
        let written = text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        // Swift writes 0.0001 and 1e16 by exponents.
        return written
    }

    /// `strtod`'s decimal forms, infinities and NaN; no blanks and no hexadecimal.
    static func readDouble(_ text: String) -> Double? {
        let isPlain = text.utf8.allSatisfy {
            (48...57).contains($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
                || $0 == UInt8(ascii: "+") || $0 | 0x20 == UInt8(ascii: "e")
        }
        if isPlain { return Double(text).flatMap { $0.isFinite ? $0 : nil } }
        switch text.lowercased() {
        case "nan": return .nan
        case "infinity", "inf", "+infinity", "+inf": return .infinity
        case "-infinity", "-inf": return -.infinity
        default: return nil
        }
    }

    /// An optional minus (for an int) and digits, or `0x` and hexadecimal digits are not taken: decimal only.
    static func readInt<T: FixedWidthInteger>(_ text: String, as type: T.Type = T.self) -> T? {
        let digits = T.isSigned && text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return T(text)
    }
}
