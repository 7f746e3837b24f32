/// RFC 3986: everything but the unreserved characters becomes `%XX`, a space `%20`.
enum PercentEncoding {
    static func encode(_ text: String) -> String {
        if unreserved.containsAll(text.utf8) { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isUnreserved(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Where an encoded text stands, and what may stand there plainly besides unreserved characters.
    enum Place {
        case path, query

        fileprivate var plain: ASCIISet { self == .path ? PercentEncoding.inPath : PercentEncoding.inQuery }
    }

    /// nil for broken `%xx`, bytes that must be encoded there, and what is not UTF-8.
    static func decode(_ text: Substring, in place: Place = .path) -> String? {
        let plain = place.plain
        if plain.containsAll(text.utf8) { return String(text) }
        var bytes: [UInt8] = []
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(value), let low = rest.popFirst().flatMap(value)
                else {
                    return nil
                }
                bytes.append(high << 4 | low)
            } else {
                guard plain.contains(byte) else { return nil }
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)
    private static let unreserved = ASCIISet(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    /// sub-delims, `:` and `@`.
    private static let inPath = unreserved.union("!$&'()*+,;=:@")
    /// Besides `/` and `?` what clients leave plain although they should not: lists, JSON. Not `+` and `;`,
    /// which are a space and a separator to some.
    private static let inQuery = unreserved.union("!$'()*,=:@/?[]{}\"")

    static func isUnreserved(_ byte: UInt8) -> Bool { unreserved.contains(byte) }

    private static func value(_ digit: UInt8) -> UInt8? {
        digits.firstIndex(of: digit >= UInt8(ascii: "a") ? digit & 0xDF : digit).map { UInt8($0) }
    }
}

/// Characters as bits: asked for each byte of each request.
struct ASCIISet: Sendable {
    private var bits: (UInt64, UInt64) = (0, 0)

    init(_ characters: String) {
        for byte in characters.utf8 { insert(byte) }
    }

    private mutating func insert(_ byte: UInt8) {
        if byte < 64 { bits.0 |= 1 << UInt64(byte) } else if byte < 128 { bits.1 |= 1 << UInt64(byte - 64) }
    }

    func union(_ characters: String) -> ASCIISet {
        var set = self
        for byte in characters.utf8 { set.insert(byte) }
        return set
    }

    func containsAll(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.withContiguousStorageIfAvailable { $0.allSatisfy(contains) } ?? bytes.allSatisfy(contains)
    }

    func contains(_ byte: UInt8) -> Bool {
        switch byte {
        case 0..<64: bits.0 >> UInt64(byte) & 1 == 1
        case 64..<128: bits.1 >> UInt64(byte - 64) & 1 == 1
        default: false
        }
    }
}
