/// INT_LIT, UINT_LIT and FLOAT_LIT of CEL's grammar, without their sign:
///
///     INT_LIT   ::= DIGIT+ | 0x HEXDIGIT+
///     UINT_LIT  ::= INT_LIT [uU]
///     FLOAT_LIT ::= DIGIT* . DIGIT+ EXPONENT? | DIGIT+ EXPONENT
extension Lexer {
    mutating func number() throws(ExpressionMistake) -> Token.Kind {
        let start = position
        var kind = isHexadecimal ? try hexadecimal(from: start) : try decimal(from: start)
        if case .int(let value) = kind, let scalar = peek(), scalar == "u" || scalar == "U" {
            skip()
            kind = .uint(value)
        }
        if let scalar = peek(), scalar.isIdentifierStart || scalar.isDigit {
            throw mistake(at: position, "a number does not go on like this")
        }
        return kind
    }

    private var isHexadecimal: Bool { peek() == "0" && (peek(1) == "x" || peek(1) == "X") }

    private mutating func hexadecimal(from start: Int) throws(ExpressionMistake) -> Token.Kind {
        skip(2)
        let digits = position
        while peek()?.hexValue != nil { skip() }
        guard digits < position else { throw mistake(at: position, "expected hexadecimal digits") }
        return try int(source.text(digits..<position), radix: 16, from: start)
    }

    private mutating func decimal(from start: Int) throws(ExpressionMistake) -> Token.Kind {
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
        let written = source.text(start..<position)
        guard isDouble else { return try int(written, radix: 10, from: start) }
        guard let value = Double(written), value.isFinite else {
            throw mistake(at: start, "the number is too large for a double")
        }
        return .double(value)
    }

    private mutating func exponent() throws(ExpressionMistake) {
        skip()
        if peek() == "+" || peek() == "-" { skip() }
        guard peek()?.isDigit == true else {
            throw mistake(at: position, "expected the digits of an exponent")
        }
        skipDigits()
    }

    private func int(_ text: String, radix: Int, from start: Int) throws(ExpressionMistake) -> Token.Kind {
        guard let value = UInt64(text, radix: radix) else {
            throw mistake(at: start, "the number does not fit into 64 bits; write it as a double")
        }
        return .int(value)
    }

    private mutating func skipDigits() {
        while peek()?.isDigit == true { skip() }
    }
}
