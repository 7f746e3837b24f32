/// A mistake found while reading; the line is counted only when it is reported.
struct JSONMistake: Error {
    let kind: JSONError.Kind
    let offset: Int
}

/// Recursive descent over one text. Arrays and objects are here, strings and numbers in the extensions.
struct JSONReader {
    var source: JSONSource
    let limits: JSONLimits
    private var depth = 0

    init(source: JSONSource, limits: JSONLimits) {
        self.source = source
        self.limits = limits
    }

    mutating func document() throws(JSONMistake) -> JSONValue {
        guard source.count <= limits.textBytes else {
            throw JSONMistake(kind: .textTooLong(limitBytes: limits.textBytes), offset: limits.textBytes)
        }
        if source.skip(literal: "\u{FEFF}") { throw JSONMistake(kind: .byteOrderMark, offset: 0) }
        source.skipWhitespace()
        let value = try value()
        source.skipWhitespace()
        guard source.isAtEnd else { throw mistake(.trailingBytes) }
        return value
    }

    func mistake(_ kind: JSONError.Kind) -> JSONMistake {
        JSONMistake(kind: kind, offset: source.offset)
    }

    /// The mistake of not finding what the grammar wants here.
    func missing(_ expected: JSONError.Expectation) -> JSONMistake {
        mistake(source.isAtEnd ? .unexpectedEnd : .unexpectedByte(expected: expected))
    }

    private mutating func value() throws(JSONMistake) -> JSONValue {
        switch source.next {
        case UInt8(ascii: "{"): return try nested { (reader) throws(JSONMistake) in try reader.object() }
        case UInt8(ascii: "["): return try nested { (reader) throws(JSONMistake) in try reader.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t") where source.skip(literal: "true"): return .bool(true)
        case UInt8(ascii: "f") where source.skip(literal: "false"): return .bool(false)
        case UInt8(ascii: "n") where source.skip(literal: "null"): return .null
        case .some(let byte) where byte == UInt8(ascii: "-") || isDigit(byte): return .number(try number())
        default: throw missing(.value)
        }
    }

    private mutating func nested(
        _ container: (inout JSONReader) throws(JSONMistake) -> JSONValue
    ) throws(JSONMistake) -> JSONValue {
        guard depth < limits.depth else { throw mistake(.tooDeep(limit: limits.depth)) }
        depth += 1
        source.skip()
        source.skipWhitespace()
        let value = try container(&self)
        depth -= 1
        return value
    }

    /// Behind the opening bracket.
    private mutating func array() throws(JSONMistake) -> JSONValue {
        var elements: [JSONValue] = []
        if source.skip(literal: "]") { return .array(elements) }
        while true {
            try checkRoom(for: elements.count)
            elements.append(try value())
            source.skipWhitespace()
            if source.skip(literal: "]") { return .array(elements) }
            guard source.skip(literal: ",") else { throw missing(.commaOrBracket) }
            source.skipWhitespace()
        }
    }

    /// Behind the opening brace.
    private mutating func object() throws(JSONMistake) -> JSONValue {
        var object = JSONObject()
        if source.skip(literal: "}") { return .object(object) }
        var expected = JSONError.Expectation.nameOrBrace
        while true {
            try checkRoom(for: object.count)
            try member(of: &object, expected: expected)
            source.skipWhitespace()
            if source.skip(literal: "}") { return .object(object) }
            guard source.skip(literal: ",") else { throw missing(.commaOrBrace) }
            source.skipWhitespace()
            expected = .name
        }
    }

    private mutating func member(
        of object: inout JSONObject, expected: JSONError.Expectation
    ) throws(JSONMistake) {
        guard source.next == UInt8(ascii: "\"") else { throw missing(expected) }
        let start = source.offset
        let name = try string()
        if object.contains(name) { throw JSONMistake(kind: .duplicateName, offset: start) }
        source.skipWhitespace()
        guard source.skip(literal: ":") else { throw missing(.colon) }
        source.skipWhitespace()
        object.appendNew(name, try value())
    }

    private func checkRoom(for count: Int) throws(JSONMistake) {
        guard count < limits.members else { throw mistake(.tooManyMembers(limit: limits.members)) }
    }
}
