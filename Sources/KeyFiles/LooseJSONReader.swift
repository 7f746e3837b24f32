/// Reads one document; its time is that of one walk over the bytes, its depth is bounded.
struct LooseJSONReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var depth = 0

    /// Settings are not nested deeper; bounds the stack.
    private static let depthAtMost = 48

    private init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    static func read(_ bytes: UnsafeRawBufferPointer) throws(KeyFileRefusal) -> LooseJSON {
        var reader = LooseJSONReader(bytes)
        reader.skipMark()
        let value = try reader.value()
        try reader.skipSpace()
        guard reader.position == bytes.count else { throw reader.expected("the end") }
        return value
    }

    /// What a document begins with, behind comments.
    static func first(of bytes: UnsafeRawBufferPointer) -> UInt8? {
        var reader = LooseJSONReader(bytes)
        reader.skipMark()
        do throws(KeyFileRefusal) { try reader.skipSpace() } catch { return nil }
        return reader.byte
    }

    // MARK: Grammar

    private mutating func value() throws(KeyFileRefusal) -> LooseJSON {
        try skipSpace()
        switch byte {
        case UInt8(ascii: "{"): return try nested { reader throws(KeyFileRefusal) in try reader.object() }
        case UInt8(ascii: "["): return try nested { reader throws(KeyFileRefusal) in try reader.array() }
        case UInt8(ascii: "\""): return .string(try string())
        default: return try word()
        }
    }

    private mutating func nested(
        _ body: (inout LooseJSONReader) throws(KeyFileRefusal) -> LooseJSON
    ) throws(KeyFileRefusal) -> LooseJSON {
        guard depth < Self.depthAtMost else { throw .tooDeep }
        depth += 1
        defer { depth -= 1 }
        position += 1
        return try body(&self)
    }

    private mutating func object() throws(KeyFileRefusal) -> LooseJSON {
        var members: [LooseJSON.Member] = []
        while try !ends(with: UInt8(ascii: "}")) {
            guard byte == UInt8(ascii: "\"") else { throw expected("a name in double quotes or }") }
            let name = LooseJSON.string(try string()).text(in: bytes) ?? ""
            try skipSpace()
            guard skip(UInt8(ascii: ":")) else { throw expected("a colon") }
            members.append(LooseJSON.Member(name: name, value: try value()))
            try separator(before: UInt8(ascii: "}"))
        }
        return .object(members)
    }

    private mutating func array() throws(KeyFileRefusal) -> LooseJSON {
        var elements: [LooseJSON] = []
        while try !ends(with: UInt8(ascii: "]")) {
            elements.append(try value())
            try separator(before: UInt8(ascii: "]"))
        }
        return .array(elements)
    }

    private mutating func ends(with bracket: UInt8) throws(KeyFileRefusal) -> Bool {
        try skipSpace()
        return skip(bracket)
    }

    /// A comma may also stand before the bracket.
    private mutating func separator(before bracket: UInt8) throws(KeyFileRefusal) {
        try skipSpace()
        if !skip(UInt8(ascii: ",")), byte != bracket { throw expected("a comma or a closing bracket") }
    }

    private mutating func string() throws(KeyFileRefusal) -> Range<Int> {
        position += 1
        let start = position
        while let byte = byte, byte != UInt8(ascii: "\""), byte >= 0x20 {
            position += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        let end = position
        guard end <= bytes.count, skip(UInt8(ascii: "\"")) else { throw expected("a closing quote") }
        return start..<end
    }

    private mutating func word() throws(KeyFileRefusal) -> LooseJSON {
        let start = position
        while let byte = byte, byte.isLetter || byte.isDigit || "+-.".utf8.contains(byte) { position += 1 }
        let range = start..<position
        switch bytes[range] {
        case let text where text.elementsEqual("true".utf8): return .bool(true)
        case let text where text.elementsEqual("false".utf8): return .bool(false)
        case let text where text.elementsEqual("null".utf8): return .null
        case let text where text.first.map { $0.isDigit || $0 == UInt8(ascii: "-") } == true:
            return .number(range)
        default:
            position = start
            throw expected("a value")
        }
    }

    // MARK: Moving

    private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip(_ wanted: UInt8) -> Bool {
        guard byte == wanted else { return false }
        position += 1
        return true
    }

    private mutating func skipMark() {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    private mutating func skipSpace() throws(KeyFileRefusal) {
        while let byte = byte {
            if byte == 0x20 || (0x09...0x0D).contains(byte) {
                position += 1
            } else if byte == UInt8(ascii: "/") {
                try skipComment()
            } else {
                return
            }
        }
    }

    private mutating func skipComment() throws(KeyFileRefusal) {
        switch position + 1 < bytes.count ? bytes[position + 1] : 0 {
        case UInt8(ascii: "/"):
            while let byte = byte, byte != UInt8(ascii: "\n") { position += 1 }
        case UInt8(ascii: "*"):
            position += 2
            while byte != nil, !bytes[position...].starts(with: "*/".utf8) { position += 1 }
            guard byte != nil else { throw expected("the comment's end") }
            position += 2
        default: throw expected("a comment")
        }
    }

    private func expected(_ what: String) -> KeyFileRefusal {
        let before = bytes.prefix(position)
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return .malformed(
            line: 1 + before.count { $0 == UInt8(ascii: "\n") },
            column: 1 + min(position, bytes.count) - lineStart, expected: what)
    }
}
