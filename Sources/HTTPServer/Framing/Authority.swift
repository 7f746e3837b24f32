/// host [":" port] (RFC 9110 7.2). Stricter than RFC 3986's reg-name: letters, digits and -._~ or a bracketed
/// IP address. Commas, percent signs and user names in Host have no honest sender.
enum Authority {
    static func isValid(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        guard index < range.upperBound else { return false }
        if bytes[index] == 0x5B {
            index += 1
            let start = index
            while index < range.upperBound, isAddress(bytes[index]) { index += 1 }
            guard index > start, index < range.upperBound, bytes[index] == 0x5D else { return false }
            index += 1
        } else {
            while index < range.upperBound, ByteClass.isHost(bytes[index]) { index += 1 }
            guard index > range.lowerBound else { return false }
        }
        return index == range.upperBound || isPort(bytes, index..<range.upperBound)
    }

    private static func isAddress(_ byte: UInt8) -> Bool {
        ByteClass.hexValue(byte) != nil || byte == ByteClass.colon || byte == 0x2E
    }

    /// ":" and one to five digits, at most 65535.
    private static func isPort(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard bytes[range.lowerBound] == ByteClass.colon, (2...6).contains(range.count) else { return false }
        var port = 0
        for index in range.dropFirst() {
            guard ByteClass.isDigit(bytes[index]) else { return false }
            port = port * 10 + Int(bytes[index] - 0x30)
        }
        return port <= 65535
    }
}

extension ByteClass {
    static func isHost(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x7E
    }

    static func isAuthority(_ byte: UInt8) -> Bool {
        isHost(byte) || byte == colon || byte == 0x5B || byte == 0x5D
    }
}
