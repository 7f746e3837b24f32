/// STRING_LIT and BYTES_LIT of CEL's grammar: single or double quotes, one or three, raw with `r`, bytes with
/// `b`, and their escapes.
extension Lexer {
    struct StringPrefix {
        let length: Int
        let isRaw: Bool
        let isBytes: Bool
    }

    /// What opens a string here: nothing, `r`, `b` or `br`, before a quote.
    func stringPrefix() -> StringPrefix? {
        var (isRaw, isBytes) = (false, false)
        for ahead in 0...2 {
            switch peek(ahead) {
            case "\"", "'": return StringPrefix(length: ahead, isRaw: isRaw, isBytes: isBytes)
            case "r", "R": if isRaw { return nil } else { isRaw = true }
            case "b", "B": if isBytes || isRaw { return nil } else { isBytes = true }
            default: return nil
            }
        }
        return nil
    }

    mutating func string(_ prefix: StringPrefix) throws(ExpressionMistake) -> Token.Kind {
        let start = position
        skip(prefix.length)
        guard let quote = peek() else { throw mistake(at: start, "expected a quote") }
        let isTriple = peek(1) == quote && peek(2) == quote
        skip(isTriple ? 3 : 1)
        var content = Content(isBytes: prefix.isBytes)
        while !closes(quote, isTriple: isTriple) {
            guard let scalar = peek(), isTriple || (scalar != "\n" && scalar != "\r") else {
                throw mistake(at: start, "the string that begins here does not end")
            }
            if scalar == "\\", !prefix.isRaw {
                try escape(into: &content)
            } else {
                content.append(scalar)
                skip()
            }
        }
        skip(isTriple ? 3 : 1)
        return prefix.isBytes ? .bytes(content.bytes) : .string(String(content.scalars))
    }

    /// What a literal says so far: code points of a string, or octets.
    private struct Content {
        let isBytes: Bool
        var scalars = String.UnicodeScalarView()
        var bytes: [UInt8] = []

        mutating func append(_ scalar: Unicode.Scalar) {
            if isBytes { bytes.append(contentsOf: String(scalar).utf8) } else { scalars.append(scalar) }
        }

        /// `\x` and octal escapes: a code point of a string, an octet of bytes.
        mutating func append(small scalar: Unicode.Scalar) {
            if isBytes {
                bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            } else {
                scalars.append(scalar)
            }
        }
    }

    private func closes(_ quote: Unicode.Scalar, isTriple: Bool) -> Bool {
        peek() == quote && (!isTriple || (peek(1) == quote && peek(2) == quote))
    }

    private mutating func escape(into content: inout Content) throws(ExpressionMistake) {
        let start = position
        let letter = peek(1)
        skip(2)
        switch letter {
        case "a": content.append("\u{7}")
        case "b": content.append("\u{8}")
        case "f": content.append("\u{C}")
        case "n": content.append("\n")
        case "r": content.append("\r")
        case "t": content.append("\t")
        case "v": content.append("\u{B}")
        case "\\", "?", "\"", "'", "`": content.append(letter ?? "?")
        case "x", "X":
            content.append(small: try scalar(try code(digits: 2, radix: 16, from: start), from: start))
        case "0", "1", "2", "3":
            skip(-1)
            content.append(small: try scalar(try code(digits: 3, radix: 8, from: start), from: start))
        case "u", "U":
            if content.isBytes {
                throw mistake(at: start, "bytes have no Unicode escapes; write \\x and two digits")
            }
            content.append(try unicode(long: letter == "U", from: start))
        default: throw mistake(at: start, "there is no such escape; a backslash itself is \\\\")
        }
    }

    /// `\uXXXX`, a surrogate pair of two of them, or `\UXXXXXXXX`.
    private mutating func unicode(long: Bool, from start: Int) throws(ExpressionMistake) -> Unicode.Scalar {
        let first = try code(digits: long ? 8 : 4, radix: 16, from: start)
        guard !long, (0xD800...0xDBFF).contains(first), peek() == "\\", peek(1) == "u" else {
            return try scalar(first, from: start)
        }
        skip(2)
        let second = try code(digits: 4, radix: 16, from: start)
        guard (0xDC00...0xDFFF).contains(second) else { return try scalar(first, from: start) }
        return try scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00), from: start)
    }

    private mutating func code(
        digits: Int, radix: UInt32, from start: Int
    ) throws(ExpressionMistake) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = peek()?.hexValue, digit < radix else {
                throw mistake(at: start, "this escape takes \(digits) digits")
            }
            code = code &* radix &+ digit
            skip()
        }
        return code
    }

    private func scalar(_ code: UInt32, from start: Int) throws(ExpressionMistake) -> Unicode.Scalar {
        guard let scalar = Unicode.Scalar(code) else {
            throw mistake(at: start, "this escape is no Unicode character")
        }
        return scalar
    }
}
