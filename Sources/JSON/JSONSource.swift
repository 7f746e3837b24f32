/// The bytes being read and how far the reader has come. Every access is checked against the end here, and
/// nowhere else.
struct JSONSource {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var count: Int { bytes.count }
    var isAtEnd: Bool { offset >= bytes.count }

    /// The byte to read next; nil at the end.
    var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    /// The byte some places ahead; nil behind the end.
    func byte(ahead distance: Int) -> UInt8? {
        let index = offset + distance
        return index < bytes.count ? bytes[index] : nil
    }

    /// Moves on, at most to the end.
    mutating func skip(_ count: Int = 1) {
        offset = min(offset + count, bytes.count)
    }

    mutating func skipWhitespace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    mutating func skipDigits() -> Int {
        let start = offset
        while let byte = next, isDigit(byte) { offset += 1 }
        return offset - start
    }

    /// Moves over the bytes of a string that stand for themselves: printable ASCII but quote and backslash.
    mutating func skipPlain() {
        while let byte = next, byte >= 0x20, byte < 0x80, byte != 0x22, byte != 0x5C { offset += 1 }
    }

    /// True, and moved on, when exactly these bytes come next.
    mutating func skip(literal: StaticString) -> Bool {
        for distance in 0..<literal.utf8CodeUnitCount
        where byte(ahead: distance) != literal.utf8Start[distance] {
            return false
        }
        skip(literal.utf8CodeUnitCount)
        return true
    }

    /// The bytes from a place passed before up to here, as text.
    func text(from start: Int) -> String {
        String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    func append(from start: Int, to other: inout [UInt8]) {
        other.append(contentsOf: bytes[start..<offset])
    }
}

func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
