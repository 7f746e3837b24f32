import Crypto

/// Reads a dictionary of RFC 9651, section 4.2, strictly and within bounds. Stricter than the section in one
/// thing: a name that stands twice is refused, where the last one would count.
package struct StructuredReader {
    package enum Mistake: Error, Equatable {
        case malformed(offset: Int)
        case tooLarge
    }

    /// One field holds a signature or two; a head has 64 KiB in all.
    static let bytesAtMost = 8_192
    static let membersAtMost = 8
    static let elementsAtMost = 32
    static let parametersAtMost = 8
    static let nameBytesAtMost = 64
    /// Section 3.3.1.
    static let digitsAtMost = 15

    private let bytes: [UInt8]
    private var index = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    package static func dictionary(
        _ text: some Collection<UInt8>
    ) throws(Mistake) -> [(name: String, value: StructuredMember)] {
        guard text.count <= bytesAtMost else { throw .tooLarge }
        var reader = StructuredReader(Array(text))
        return try reader.dictionary()
    }

    private mutating func dictionary() throws(Mistake) -> [(name: String, value: StructuredMember)] {
        var members: [(name: String, value: StructuredMember)] = []
        skip(" ")
        while index < bytes.count {
            let name = try name()
            guard !members.contains(where: { $0.name == name }) else { throw malformed }
            guard members.count < Self.membersAtMost else { throw .tooLarge }
            members.append((name, try member()))
            skipBlanks()
            guard index < bytes.count else { break }
            try expect(",")
            skipBlanks()
            guard index < bytes.count else { throw malformed }
        }
        return members
    }

    private mutating func member() throws(Mistake) -> StructuredMember {
        guard take("=") else {
            return .element(StructuredElement(item: .boolean(true), parameters: try parameters()))
        }
        return next == UInt8(ascii: "(") ? .list(try list()) : .element(try element())
    }

    private mutating func list() throws(Mistake) -> StructuredList {
        try expect("(")
        var elements: [StructuredElement] = []
        while true {
            skip(" ")
            if take(")") { return StructuredList(elements: elements, parameters: try parameters()) }
            guard elements.count < Self.elementsAtMost else { throw .tooLarge }
            elements.append(try element())
            guard next == UInt8(ascii: " ") || next == UInt8(ascii: ")") else { throw malformed }
        }
    }

    private mutating func element() throws(Mistake) -> StructuredElement {
        StructuredElement(item: try item(), parameters: try parameters())
    }

    private mutating func parameters() throws(Mistake) -> StructuredParameters {
        var parameters = StructuredParameters()
        while take(";") {
            skip(" ")
            let name = try name()
            guard parameters[name] == nil else { throw malformed }
            guard parameters.all.count < Self.parametersAtMost else { throw .tooLarge }
            parameters.all.append((name, take("=") ? try item() : .boolean(true)))
        }
        return parameters
    }

    // MARK: Items

    private mutating func item() throws(Mistake) -> StructuredItem {
        guard let first = next else { throw malformed }
        switch first {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: ":"): return .bytes(try byteSequence())
        case UInt8(ascii: "?"): return .boolean(try boolean())
        case UInt8(ascii: "-"), 0x30...0x39: return .integer(try integer())
        case UInt8(ascii: "*"), 0x41...0x5A, 0x61...0x7A: return .token(try token())
        default: throw malformed
        }
    }

    private mutating func string() throws(Mistake) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while let byte = next {
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = next, escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\")
                else {
                    throw malformed
                }
                text.append(escaped)
                index += 1
            case 0x20...0x7E: text.append(byte)
            default: throw malformed
            }
        }
        throw malformed
    }

    private mutating func byteSequence() throws(Mistake) -> [UInt8] {
        try expect(":")
        guard let end = bytes[index...].firstIndex(of: UInt8(ascii: ":")),
            let decoded = Base64.decode(String(decoding: bytes[index..<end], as: UTF8.self))
        else { throw malformed }
        index = end + 1
        return decoded
    }

    private mutating func boolean() throws(Mistake) -> Bool {
        try expect("?")
        if take("1") { return true }
        try expect("0")
        return false
    }

    private mutating func integer() throws(Mistake) -> Int64 {
        let isNegative = take("-")
        let digits = takeWhile { (0x30...0x39).contains($0) }
        guard (1...Self.digitsAtMost).contains(digits.count), next != UInt8(ascii: "."),
            let number = Int64(String(decoding: digits, as: UTF8.self))
        else { throw malformed }
        return isNegative ? -number : number
    }

    private mutating func token() throws(Mistake) -> String {
        let text = takeWhile { Self.isLetterOrDigit($0) || Self.tokenMarks.contains($0) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Section 3.1.2: lower-case letters, digits and `_-.*`; the first is a letter or `*`.
    private mutating func name() throws(Mistake) -> String {
        guard let first = next, first == UInt8(ascii: "*") || (0x61...0x7A).contains(first) else {
            throw malformed
        }
        let text = takeWhile { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || Self.nameMarks.contains(byte)
        }
        guard text.count <= Self.nameBytesAtMost else { throw .tooLarge }
        return String(decoding: text, as: UTF8.self)
    }

    private static let nameMarks = Array("_-.*".utf8)
    private static let tokenMarks = Array("!#$%&'*+-.^_`|~:/".utf8)

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    // MARK: Bytes

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }
    private var malformed: Mistake { .malformed(offset: index) }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: mark) else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ mark: Unicode.Scalar) throws(Mistake) {
        guard take(mark) else { throw malformed }
    }

    private mutating func skip(_ mark: Unicode.Scalar) {
        while take(mark) {}
    }

    private mutating func skipBlanks() {
        while next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") { index += 1 }
    }

    private mutating func takeWhile(_ fits: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let taken = bytes[index...].prefix(while: fits)
        index = taken.endIndex
        return taken
    }
}
