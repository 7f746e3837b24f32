/// The header fields of a request: one copy of the head's bytes, and where each name and value stands in it.
///
/// Names are lower-case in the copy, so that a lookup is a comparison of bytes. Values are trimmed of white
/// space. A value is made a String only when asked for; bytes that are not UTF-8 become U+FFFD.
package struct HeaderFields: Sendable {
    /// Offsets into `bytes`. Sixteen bits are enough: a head is at most 64 KiB (see `RequestParser.init`).
    struct Field: Sendable {
        var nameStart: UInt16
        var nameEnd: UInt16
        var valueStart: UInt16
        var valueEnd: UInt16

        var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    }

    let bytes: [UInt8]
    let fields: [Field]

    package var count: Int { fields.count }

    /// The first value of that name. Where a second one must not be overlooked, ask `only(_:)`.
    package subscript(_ name: HeaderName) -> String? {
        index(of: name).map(value(at:))
    }

    /// The value of a field that may stand only once. Throws `.duplicateHeader` when it stands more often.
    package func only(_ name: HeaderName) throws(RequestError) -> String? {
        guard let first = index(of: name) else { return nil }
        guard index(of: name, from: first + 1) == nil else { throw .duplicateHeader }
        return value(at: first)
    }

    /// All values of that name, in order.
    package func all(_ name: HeaderName) -> [String] {
        var values: [String] = []
        var start = 0
        while let found = index(of: name, from: start) {
            values.append(value(at: found))
            start = found + 1
        }
        return values
    }

    /// The values of a list field, joined by commas (RFC 9110 5.3), or nil when there is none.
    package func list(_ name: HeaderName) -> String? {
        guard let first = index(of: name) else { return nil }
        return index(of: name, from: first + 1) == nil ? value(at: first) : all(name).joined(separator: ",")
    }

    package func contains(_ name: HeaderName) -> Bool { index(of: name) != nil }

    /// The bytes of the first value of that name.
    package func valueBytes(_ name: HeaderName) -> ArraySlice<UInt8>? {
        index(of: name).map { bytes[fields[$0].value] }
    }

    private func value(at index: Int) -> String {
        String(decoding: bytes[fields[index].value], as: UTF8.self)
    }

    private func index(of name: HeaderName, from start: Int = 0) -> Int? {
        let wanted = name.text.utf8Span.span
        for index in start..<fields.count where fields[index].name.count == wanted.count {
            if stands(wanted, at: Int(fields[index].nameStart)) { return index }
        }
        return nil
    }

    private func stands(_ name: Span<UInt8>, at start: Int) -> Bool {
        for index in name.indices where name[index] != bytes[start + index] { return false }
        return true
    }
}

extension HeaderFields: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { fields.count }

    package subscript(_ position: Int) -> (name: HeaderName, value: String) {
        let name = String(decoding: bytes[fields[position].name], as: UTF8.self)
        return (HeaderName(valid: name), value(at: position))
    }
}
