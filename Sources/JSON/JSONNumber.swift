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

extension JSONNumber: JSONWritable {
    package func write(to w: inout JSONWriter) { w.raw(text.utf8) }
}
