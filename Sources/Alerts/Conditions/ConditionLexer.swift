/// Cuts a condition into words by the lexis of CEL's langdef ("Syntax"). Works on Unicode scalars, so that
/// positions are characters as editors count them.
struct ConditionLexer {
    let scalars: [Unicode.Scalar]
    private(set) var position = 0

    init(_ source: String) { scalars = Array(source.unicodeScalars) }

    mutating func next() throws(ConditionMistake) -> ConditionToken {
        skipBlanks()
        let start = position
        let kind = try word()
        return ConditionToken(kind: kind, range: start..<position)
    }

    func text(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[range])
        return String(text)
    }

    /// The scalar some places ahead; nil behind the end.
    func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        position + ahead < scalars.count ? scalars[position + ahead] : nil
    }

    mutating func skip(_ count: Int = 1) { position += count }

    /// WHITESPACE and COMMENT of the grammar.
    private mutating func skipBlanks() {
        while let scalar = peek() {
            if scalar == "/", peek(1) == "/" {
                while let inside = peek(), inside != "\n" { skip() }
            } else if ["\t", "\n", "\u{C}", "\r", " "].contains(scalar) {
                skip()
            } else {
                return
            }
        }
    }

    private mutating func word() throws(ConditionMistake) -> ConditionToken.Kind {
        guard let first = peek() else { return .end }
        if let prefix = stringPrefix() { return try string(prefix) }
        if first.isIdentifierStart { return identifier() }
        if first.isDigit || (first == "." && peek(1)?.isDigit == true) { return try number() }
        if first == "-", startsNumber(after: 1) { return try number() }
        return try symbol(first)
    }

    private func startsNumber(after ahead: Int) -> Bool {
        if peek(ahead) == "." { return peek(ahead + 1)?.isDigit == true }
        return peek(ahead)?.isDigit == true
    }

    private mutating func identifier() -> ConditionToken.Kind {
        let start = position
        while let scalar = peek(), scalar.isIdentifierStart || scalar.isDigit { skip() }
        switch text(start..<position) {
        case "true": return .literal(.bool(true))
        case "false": return .literal(.bool(false))
        case "null": return .literal(.null)
        case "in": return .other("in")
        case let name: return .identifier(name)
        }
    }

    private mutating func symbol(_ first: Unicode.Scalar) throws(ConditionMistake) -> ConditionToken.Kind {
        let pair = String(first) + (peek(1).map { String($0) } ?? "")
        for relation in Relation.allCases where relation.rawValue == pair {
            // One alone, when the text ends with `<` or `>`.
            skip(pair.unicodeScalars.count)
            return .relation(relation)
        }
        if pair == "&&" || pair == "||" {
            skip(2)
            return pair == "&&" ? .and : .other(pair)
        }
        switch first {
        case "<": return take(.relation(.less))
        case ">": return take(.relation(.greater))
        case ".": return take(.dot)
        case "(", ")", "[", "]", "{", "}", "?", ":", "!", "+", "-", "*", "/", "%", ",", "`":
            return take(.other(String(first)))
        case "=": throw ConditionMistake(at: position + 1, "a single = means nothing; did you mean ==?")
        case "&": throw ConditionMistake(at: position + 1, "a single & means nothing; did you mean &&?")
        case "|": throw ConditionMistake(at: position + 1, "a single | means nothing")
        default: throw ConditionMistake(at: position + 1, "this character has no meaning here")
        }
    }

    private mutating func take(_ kind: ConditionToken.Kind) -> ConditionToken.Kind {
        skip()
        return kind
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
