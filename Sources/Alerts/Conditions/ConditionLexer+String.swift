/// STRING_LIT of CEL's grammar: single or double quotes, one or three, raw with `r`, and its escapes.
extension ConditionLexer {
    struct StringPrefix {
        let length: Int
        let isRaw: Bool
        let isBytes: Bool
    }

    /// What opens a string here: nothing, `r`, `b` or both, before a quote.
    func stringPrefix() -> StringPrefix? {
        var (isRaw, isBytes) = (false, false)
        for ahead in 0...2 {
            switch peek(ahead) {
            case "\"", "'": return StringPrefix(length: ahead, isRaw: isRaw, isBytes: isBytes)
            case "r", "R": if isRaw { return nil } else { isRaw = true }
            case "b", "B": if isBytes { return nil } else { isBytes = true }
            default: return nil
            }
        }
        return nil
    }

    mutating func string(_ prefix: StringPrefix) throws(ConditionMistake) -> ConditionToken.Kind {
        let start = position
        if prefix.isBytes { throw .later("a bytes literal", at: start + 1) }
        skip(prefix.length)
        guard let quote = peek() else { throw ConditionMistake(at: start + 1, "expected a quote") }
        let isTriple = peek(1) == quote && peek(2) == quote
        skip(isTriple ? 3 : 1)
        var value = String.UnicodeScalarView()
        while !closes(quote, isTriple: isTriple) {
            guard let scalar = peek(), isTriple || (scalar != "\n" && scalar != "\r") else {
                throw ConditionMistake(at: start + 1, "the string that begins here does not end")
            }
            if scalar == "\\", !prefix.isRaw {
                value.append(try escape())
            } else {
                value.append(scalar)
                skip()
            }
        }
        skip(isTriple ? 3 : 1)
        return .literal(.string(String(value)))
    }

    private func closes(_ quote: Unicode.Scalar, isTriple: Bool) -> Bool {
        peek() == quote && (!isTriple || (peek(1) == quote && peek(2) == quote))
    }

    private mutating func escape() throws(ConditionMistake) -> Unicode.Scalar {
        let start = position
        let letter = peek(1)
        skip(2)
        switch letter {
        case "a": return "\u{7}"
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{B}"
        case "\\", "?", "\"", "'", "`": return letter ?? "?"
        case "x", "X": return try scalar(digits: 2, radix: 16, from: start)
        case "u": return try scalar(digits: 4, radix: 16, from: start)
        case "U": return try scalar(digits: 8, radix: 16, from: start)
        case "0", "1", "2", "3":
            skip(-1)
            return try scalar(digits: 3, radix: 8, from: start)
        default: throw ConditionMistake(at: start + 1, "there is no such escape; a backslash itself is \\\\")
        }
    }

    private mutating func scalar(
        digits: Int, radix: UInt32, from start: Int
    ) throws(ConditionMistake) -> Unicode.Scalar {
        var code: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = peek()?.hexValue, digit < radix else {
                throw ConditionMistake(at: start + 1, "this escape takes \(digits) digits")
            }
            code = code &* radix &+ digit
            skip()
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw ConditionMistake(at: start + 1, "this escape is no Unicode character")
        }
        return scalar
    }
}
