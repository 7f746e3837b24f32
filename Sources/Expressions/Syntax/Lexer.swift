/// Cuts an expression into words by the lexis of CEL's language definition ("Syntax").
struct Lexer {
    let source: SourceText
    private(set) var position = 0

    init(_ source: SourceText) { self.source = source }

    mutating func next() throws(ExpressionMistake) -> Token {
        skipBlanks()
        let start = position
        let kind = try word()
        return Token(kind: kind, range: start..<position)
    }

    /// The scalar some places ahead; nil behind the end.
    func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        position + ahead < source.scalars.count ? source.scalars[position + ahead] : nil
    }

    mutating func skip(_ count: Int = 1) { position += count }

    func mistake(at offset: Int, _ message: String) -> ExpressionMistake {
        source.mistake(at: offset, message)
    }

    /// WHITESPACE and COMMENT of the grammar.
    private mutating func skipBlanks() {
        while let scalar = peek() {
            if scalar == "/", peek(1) == "/" {
                while let inside = peek(), inside != "\n", inside != "\r" { skip() }
            } else if scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r" || scalar == "\u{C}"
            {
                skip()
            } else {
                return
            }
        }
    }

    private mutating func word() throws(ExpressionMistake) -> Token.Kind {
        guard let first = peek() else { return .end }
        if let prefix = stringPrefix() { return try string(prefix) }
        if first.isIdentifierStart { return identifier() }
        if first.isDigit || (first == "." && peek(1)?.isDigit == true) { return try number() }
        if first == "`" { return try quotedName() }
        return try symbol(first)
    }

    private mutating func identifier() -> Token.Kind {
        let start = position
        while let scalar = peek(), scalar.isIdentifierStart || scalar.isDigit { skip() }
        switch source.text(start..<position) {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        case "in": return .symbol("in")
        case let name: return .identifier(name)
        }
    }

    /// ESC_IDENT: letters, digits, `_`, `.`, `-`, `/` and blanks.
    private mutating func quotedName() throws(ExpressionMistake) -> Token.Kind {
        let start = position
        skip()
        while let scalar = peek(), scalar != "`" {
            guard scalar.isIdentifierStart || scalar.isDigit || "._-/ ".unicodeScalars.contains(scalar) else {
                throw mistake(at: position, "a name in back quotes has letters, digits, _ . - / and blanks")
            }
            skip()
        }
        guard peek() == "`", position > start + 1 else {
            throw mistake(at: start, "the name in back quotes that begins here does not end, or is empty")
        }
        skip()
        return .quoted(source.text(start + 1..<position - 1))
    }

    private mutating func symbol(_ first: Unicode.Scalar) throws(ExpressionMistake) -> Token.Kind {
        let pair = String(first) + (peek(1).map { String($0) } ?? "")
        if ["==", "!=", "<=", ">=", "&&", "||"].contains(pair) {
            skip(2)
            return .symbol(pair)
        }
        if let meant = Slip.pairs[pair] {
            throw mistake(at: position, "\(pair) means nothing; did you mean \(meant)?")
        }
        switch first {
        case "<", ">", ".", "(", ")", "[", "]", "{", "}", "?", ":", "!", "+", "-", "*", "/", "%", ",":
            skip()
            return .symbol(String(first))
        case "=": throw mistake(at: position, "a single = means nothing; did you mean ==?")
        case "&": throw mistake(at: position, "a single & means nothing; did you mean &&?")
        case "|": throw mistake(at: position, "a single | means nothing; did you mean ||?")
        case ";": throw mistake(at: position, "an expression ends without a ;")
        default:
            let hint = Slip.characters[first].map { "; did you mean \($0)?" } ?? ""
            throw mistake(at: position, "this character has no meaning here\(hint)")
        }
    }
}

extension Unicode.Scalar {
    var isDigit: Bool { ("0"..."9").contains(self) }
    var isIdentifierStart: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) || self == "_" }

    var hexValue: UInt32? {
        switch self {
        case "0"..."9": value - 48
        case "a"..."f": value - 87
        case "A"..."F": value - 55
        default: nil
        }
    }
}
