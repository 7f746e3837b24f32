/// INT_LIT, UINT_LIT and FLOAT_LIT of CEL's grammar:
///
///     INT_LIT   ::= -? DIGIT+ | -? 0x HEXDIGIT+
///     UINT_LIT  ::= INT_LIT [uU]
///     FLOAT_LIT ::= -? DIGIT* . DIGIT+ EXPONENT? | -? DIGIT+ EXPONENT
extension ConditionLexer {
    mutating func number() throws(ConditionMistake) -> ConditionToken.Kind {
        let start = position
        if peek() == "-" { skip() }
        let kind = isHexadecimal ? try hexadecimal(from: start) : try decimal(from: start)
        if let scalar = peek(), scalar == "u" || scalar == "U" {
            throw .later("an unsigned number", at: start + 1)
        }
        if let scalar = peek(), scalar.isIdentifierStart || scalar.isDigit {
            throw ConditionMistake(at: position + 1, "a number does not go on like this")
        }
        return kind
    }

    private var isHexadecimal: Bool { peek() == "0" && (peek(1) == "x" || peek(1) == "X") }

    private mutating func hexadecimal(from start: Int) throws(ConditionMistake) -> ConditionToken.Kind {
        skip(2)
        let digits = position
        while peek()?.hexValue != nil { skip() }
        guard digits < position else {
            throw ConditionMistake(at: position + 1, "expected hexadecimal digits")
        }
        let sign = scalars[start] == "-" ? "-" : ""
        return try int(sign + text(digits..<position), radix: 16, from: start)
    }

    private mutating func decimal(from start: Int) throws(ConditionMistake) -> ConditionToken.Kind {
        skipDigits()
        var isDouble = false
        if peek() == ".", peek(1)?.isDigit == true {
            isDouble = true
            skip()
            skipDigits()
        }
        if let scalar = peek(), scalar == "e" || scalar == "E" {
            isDouble = true
            try exponent()
        }
        let written = text(start..<position)
        guard isDouble else { return try int(written, radix: 10, from: start) }
        guard let value = Double(written), value.isFinite else {
            throw ConditionMistake(at: start + 1, "the number is too large for a double")
        }
        return .literal(.double(value))
    }

    private mutating func exponent() throws(ConditionMistake) {
        skip()
        if peek() == "+" || peek() == "-" { skip() }
        guard peek()?.isDigit == true else {
            throw ConditionMistake(at: position + 1, "expected the digits of an exponent")
        }
        skipDigits()
    }

    private func int(
        _ text: String, radix: Int, from start: Int
    ) throws(ConditionMistake) -> ConditionToken.Kind {
        guard let value = Int64(text, radix: radix) else {
            throw ConditionMistake(
                at: start + 1, "the number does not fit into 64 bits; write it as a double")
        }
        return .literal(.int(value))
    }

    private mutating func skipDigits() {
        while peek()?.isDigit == true { skip() }
    }
}

extension ConditionMistake {
    /// CEL that is refused until the whole language is there.
    static func later(_ what: String, at column: Int) -> ConditionMistake {
        ConditionMistake(.notYetSupported, at: column, "\(what) arrives with the full language")
    }
}
