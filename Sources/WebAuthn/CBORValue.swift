/// As much of CBOR (RFC 8949) as authenticators write: the canonical form of CTAP2 knows no floats, no tags
/// and no indefinite lengths.
package indirect enum CBORValue: Equatable, Sendable {
    case integer(Int64)
    case bytes([UInt8])
    case text(String)
    case array([CBORValue])
    case map([Entry])
    case bool(Bool)
    case null

    package struct Entry: Equatable, Sendable {
        package let key: CBORValue
        package let value: CBORValue
    }

    /// One value and nothing behind it.
    package static func parse(_ bytes: [UInt8]) throws(CBORError) -> CBORValue {
        var reader = CBORReader(bytes[...])
        let value = try reader.value()
        guard reader.rest.isEmpty else { throw .trailingBytes }
        return value
    }

    /// A member of a map; nil when this is none, or has no such member.
    package subscript(key: CBORValue) -> CBORValue? { entries?.first { $0.key == key }?.value }

    package subscript(key: String) -> CBORValue? { self[.text(key)] }

    package subscript(label: Int64) -> CBORValue? { self[.integer(label)] }

    package var entries: [Entry]? {
        if case .map(let entries) = self { entries } else { nil }
    }

    package var asBytes: [UInt8]? {
        if case .bytes(let bytes) = self { bytes } else { nil }
    }

    package var asInteger: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    package var asText: String? {
        if case .text(let text) = self { text } else { nil }
    }
}

package enum CBORError: Error, Equatable, Sendable {
    case tooLong, tooDeep, tooMany
    case endedEarly, trailingBytes
    /// A length or number written in more bytes than it needs.
    case notShortest
    case indefiniteLength
    /// A float, a tag, or a value that has no meaning here.
    case unsupported
    case notUTF8
    case repeatedKey
    /// Beyond 64 bits with a sign.
    case outOfRange
}
