/// RFC 3986: everything but the unreserved characters becomes `%XX`, a space `%20`.
enum PercentEncoding {
    static func encode(_ text: String) -> String {
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

        fileprivate var plain: [UInt8] { self == .path ? PercentEncoding.inPath : PercentEncoding.inQuery }
    }

    /// nil for broken `%xx`, bytes that must be encoded there, and what is not UTF-8.
    static func decode(_ text: Substring, in place: Place = .path) -> String? {
        let plain = place.plain
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
                guard isUnreserved(byte) || plain.contains(byte) else { return nil }
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)
    /// sub-delims, `:` and `@`.
    private static let inPath = Array("!$&'()*+,;=:@".utf8)
    /// Besides `/` and `?` what clients leave plain although they should not: lists, JSON. Not `+` and `;`,
    /// which are a space and a separator to some.
    private static let inQuery = Array("!$'()*,=:@/?[]{}\"".utf8)

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        digits.firstIndex(of: digit >= UInt8(ascii: "a") ? digit & 0xDF : digit).map { UInt8($0) }
    }
}
