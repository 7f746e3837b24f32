/// Reads values one after another. Every bound is checked before memory is spent: a length is believed only
/// as far as bytes are there.
package struct CBORReader {
    /// The longest attestation has a few certificates of some 2 KiB.
    package static let bytesAtMost = 65_536
    /// As CTAP2 allows: an attestation's statement with its list of certificates has 3.
    package static let depthAtMost = 4
    /// Members of a map: authenticators write a handful. Bounds the search for repeated keys.
    package static let membersAtMost = 64

    package private(set) var rest: ArraySlice<UInt8>
    private let isTooLong: Bool

    package init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
        isTooLong = bytes.count > Self.bytesAtMost
    }

    package mutating func value() throws(CBORError) -> CBORValue {
        guard !isTooLong else { throw .tooLong }
        return try value(depth: 0)
    }

    private mutating func value(depth: Int) throws(CBORError) -> CBORValue {
        let (kind, argument) = try head()
        switch kind {
        case 0: return .integer(try Self.signed(argument))
        case 1: return .integer(-1 - (try Self.signed(argument)))
        case 2: return .bytes(Array(try take(argument)))
        case 3:
            guard let text = String(validating: try take(argument), as: UTF8.self) else { throw .notUTF8 }
            return .text(text)
        case 4: return try array(argument, depth: depth + 1)
        case 5: return try map(argument, depth: depth + 1)
        case 7: return try Self.simple(argument)
        default: throw .unsupported
        }
    }

    /// The major type and its argument, in the shortest form (RFC 8949, 3 and 4.2.1).
    private mutating func head() throws(CBORError) -> (kind: UInt8, argument: UInt64) {
        guard let first = rest.popFirst() else { throw .endedEarly }
        let (kind, short) = (first >> 5, first & 0x1F)
        if short < 24 { return (kind, UInt64(short)) }
        if short == 31 { throw .indefiniteLength }
        // Floats, and simple values that stand for nothing.
        guard short < 28, kind != 7 else { throw .unsupported }
        let argument = try take(1 << UInt64(short - 24)).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let least: [UInt64] = [24, 1 << 8, 1 << 16, 1 << 32]
        guard argument >= least[Int(short) - 24] else { throw .notShortest }
        return (kind, argument)
    }

    private mutating func take(_ count: UInt64) throws(CBORError) -> ArraySlice<UInt8> {
        guard count <= UInt64(rest.count) else { throw .endedEarly }
        let taken = rest.prefix(Int(count))
        rest = rest.dropFirst(Int(count))
        return taken
    }

    private mutating func array(_ count: UInt64, depth: Int) throws(CBORError) -> CBORValue {
        try check(count, depth)
        var elements: [CBORValue] = []
        for _ in 0..<count { elements.append(try value(depth: depth)) }
        return .array(elements)
    }

    private mutating func map(_ count: UInt64, depth: Int) throws(CBORError) -> CBORValue {
        try check(count, depth)
        var entries: [CBORValue.Entry] = []
        for _ in 0..<count {
            let key = try value(depth: depth)
            guard !entries.contains(where: { $0.key == key }) else { throw .repeatedKey }
            entries.append(CBORValue.Entry(key: key, value: try value(depth: depth)))
        }
        return .map(entries)
    }

    private func check(_ count: UInt64, _ depth: Int) throws(CBORError) {
        guard depth <= Self.depthAtMost else { throw .tooDeep }
        guard count <= UInt64(Self.membersAtMost) else { throw .tooMany }
        // Each takes a byte at least.
        guard count <= UInt64(rest.count) else { throw .endedEarly }
    }

    private static func signed(_ argument: UInt64) throws(CBORError) -> Int64 {
        guard let value = Int64(exactly: argument) else { throw .outOfRange }
        return value
    }

    private static func simple(_ argument: UInt64) throws(CBORError) -> CBORValue {
        switch argument {
        case 20: .bool(false)
        case 21: .bool(true)
        case 22: .null
        default: throw .unsupported
        }
    }
}
