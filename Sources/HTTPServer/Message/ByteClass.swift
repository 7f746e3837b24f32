/// The byte sets of RFC 9110 and RFC 3986. Each set is two 64-bit masks: no table in memory, no branch a
/// byte.
enum ByteClass {
    static let carriageReturn: UInt8 = 0x0D
    static let lineFeed: UInt8 = 0x0A
    static let space: UInt8 = 0x20
    static let tab: UInt8 = 0x09
    static let colon: UInt8 = 0x3A
    static let percent: UInt8 = 0x25
    static let slash: UInt8 = 0x2F
    static let question: UInt8 = 0x3F

    /// tchar (RFC 9110 5.6.2): letters, digits and !#$%&'*+-.^_`|~
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        holds(0x03FF_6CFA_0000_0000, 0x57FF_FFFF_C7FF_FFFE, byte)
    }

    /// pchar without "%", and "/" (RFC 3986 3.3): letters, digits and -._~!$&'()*+,;=:@/
    @inline(__always)
    static func isPath(_ byte: UInt8) -> Bool {
        holds(0x2FFF_FFD2_0000_0000, 0x47FF_FFFE_87FF_FFFF, byte)
    }

    /// What a path may hold, "?" and "%" (RFC 3986 3.4). Percent-encoding is checked where the query is
    /// decoded.
    @inline(__always)
    static func isQuery(_ byte: UInt8) -> Bool {
        isPath(byte) || byte == question || byte == percent
    }

    /// What a field value may hold (RFC 9110 5.5): visible bytes, space, tab and bytes above 0x7F.
    @inline(__always)
    static func isFieldValue(_ byte: UInt8) -> Bool {
        byte >= 0x20 ? byte != 0x7F : byte == tab
    }

    @inline(__always)
    static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inline(__always)
    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || isDigit(byte)
    }

    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    /// The value of a hexadecimal digit, or nil.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }

    @inline(__always)
    private static func holds(_ low: UInt64, _ high: UInt64, _ byte: UInt8) -> Bool {
        let mask = byte & 0x40 == 0 ? low : high
        return byte < 0x80 && (mask &>> UInt64(byte & 0x3F)) & 1 == 1
    }
}
