/// A number exactly as it was written. Equal means the same text: `1`, `1.0` and `1e0` differ.
package struct JSONNumber: Sendable, Hashable {
    /// Within the grammar of RFC 8259 §6.
    package let text: String

    /// - Parameter text: checked by the reader already.
    init(grammatical text: String) {
        self.text = text
    }

    package init(_ value: some FixedWidthInteger) {
        text = String(value)
    }

    /// nil for infinities and NaN, which JSON cannot say.
    package init?(_ value: Double) {
        guard value.isFinite else { return nil }
        text = value.description
    }

    /// The integer, when the text has neither fraction nor exponent and fits into 64 bits.
    package var int: Int64? { Int64(text) }

    /// The nearest double; nil when the magnitude is beyond the largest one.
    package var double: Double? {
        // The standard library's parser is exact and does not look at the locale.
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }
}

extension JSONNumber {
    /// Digits once the exponent is written out, as PostgreSQL's `numeric` prints it: `1e3` has four. Six
    /// characters can say a hundred thousand of them.
    package var digitsWrittenOut: Int {
        let parts = text.utf8.split(maxSplits: 1) { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
        let mantissa = parts[0].split(separator: UInt8(ascii: "."))
        let whole = mantissa[0].count - (text.hasPrefix("-") ? 1 : 0)
        let fraction = mantissa.count > 1 ? mantissa[1].count : 0
        let exponent = parts.count > 1 ? Self.exponent(parts[1]) : 0
        return max(whole + exponent, 1) + max(fraction - exponent, 0)
    }

    /// Cut to what can still be added up.
    private static func exponent(_ digits: Substring.UTF8View) -> Int {
        let text = String(Substring(digits))
        return Int(text).map { min(max($0, -exponentAtMost), exponentAtMost) }
            ?? (text.hasPrefix("-") ? -exponentAtMost : exponentAtMost)
    }

    private static let exponentAtMost = 1 << 32
}

extension JSONNumber: JSONWritable {
    package func write(to w: inout JSONWriter) { w.raw(text.utf8) }
}
