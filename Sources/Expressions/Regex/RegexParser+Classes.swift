/// Escapes and `[…]`.
extension RegexParser {
    mutating func escape() throws(RegexMistake) -> RegexNode {
        let start = position
        switch peek(1) {
        case "A": return assertion(.textStart)
        case "z": return assertion(.textEnd)
        case "b": return assertion(.wordBoundary)
        case "B": return assertion(.noWordBoundary)
        case "p", "P": return .set(folding(try category()))
        case let letter?:
            if let set = ScalarSet.perl(letter) {
                skip(2)
                return .set(set)
            }
            return literal(try escapedScalar())
        case nil: throw mistake("a \\ at the end of the pattern", at: start)
        }
    }

    private mutating func assertion(_ assertion: RegexAssertion) -> RegexNode {
        skip(2)
        return .assertion(assertion)
    }

    /// `\p{Lu}`, `\pL`, `\P{L}`, `\p{^L}`.
    private mutating func category() throws(RegexMistake) -> ScalarSet {
        let start = position
        var isNegated = peek(1) == "P"
        skip(2)
        var name = ""
        if take("{") {
            if take("^") { isNegated.toggle() }
            while let scalar = peek(), scalar != "}" {
                name.unicodeScalars.append(scalar)
                skip()
            }
            guard take("}") else { throw mistake("the { of a category does not end", at: start) }
        } else if let scalar = peek() {
            name = String(scalar)
            skip()
        }
        guard let category = UnicodeCategory(name) else {
            throw mistake(
                "unknown category; general ones such as L, Lu, Nd are there, scripts are not", at: start)
        }
        return ScalarSet(category: category, isNegated: isNegated)
    }

    private func folding(_ set: ScalarSet) -> ScalarSet {
        var set = set.finished()
        set.foldsCase = flags.foldsCase
        return set
    }

    private mutating func escapedScalar() throws(RegexMistake) -> Unicode.Scalar {
        let start = position
        let letter = peek(1)
        skip(2)
        switch letter {
        case "a": return "\u{7}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{B}"
        case "x": return try hexadecimal(from: start)
        case "0"?: return octal(first: 0)
        case let digit? where ("1"..."7").contains(digit):
            guard let next = peek(), ("0"..."7").contains(next) else {
                throw mistake("there are no back references", at: start)
            }
            return octal(first: digit.value - 48)
        case let other? where other.isASCII && !other.isIdentifierStart && !other.isDigit: return other
        case "_"?: return "_"
        default: throw mistake("there is no such escape", at: start)
        }
    }

    private mutating func octal(first: UInt32) -> Unicode.Scalar {
        var code = first
        for _ in 0..<2 {
            guard let next = peek(), ("0"..."7").contains(next) else { break }
            code = code * 8 + (next.value - 48)
            skip()
        }
        return Unicode.Scalar(code) ?? "\u{0}"
    }

    private mutating func hexadecimal(from start: Int) throws(RegexMistake) -> Unicode.Scalar {
        var (code, digits): (UInt32, Int) = (0, 0)
        let isBraced = take("{")
        while let digit = peek()?.hexValue, digits < (isBraced ? 6 : 2) {
            code = code * 16 + digit
            digits += 1
            skip()
        }
        guard digits > 0, isBraced ? take("}") : digits == 2, let scalar = Unicode.Scalar(code) else {
            throw mistake("\\x takes two digits, or some in braces, of a Unicode character", at: start)
        }
        return scalar
    }

    // MARK: Classes

    mutating func characterClass() throws(RegexMistake) -> ScalarSet {
        let start = position
        skip()
        var set = ScalarSet()
        let isNegated = take("^")
        var isFirst = true
        while let scalar = peek(), scalar != "]" || isFirst {
            isFirst = false
            if let part = try namedClass() { set.insert(part) } else { set.insert(try range(from: start)) }
        }
        guard take("]") else { throw mistake("the class that begins here does not end", at: start) }
        set.isNegated = isNegated
        return folding(set)
    }

    /// `[:alpha:]`, `[:^alpha:]`, `\d`, `\p{L}` within a class.
    private mutating func namedClass() throws(RegexMistake) -> ScalarSet? {
        if peek() == "\\", let letter = peek(1) {
            if letter == "p" || letter == "P" { return try category() }
            guard let set = ScalarSet.perl(letter) else { return nil }
            skip(2)
            return set
        }
        guard peek() == "[", peek(1) == ":" else { return nil }
        let start = position
        skip(2)
        let isNegated = take("^")
        var name = ""
        while let scalar = peek(), scalar.isIdentifierStart {
            name.unicodeScalars.append(scalar)
            skip()
        }
        guard take(":]") else {
            position = start
            return nil
        }
        guard var set = ScalarSet.posix(name) else { throw mistake("unknown class [:\(name):]", at: start) }
        set.isNegated = isNegated
        return set
    }

    private mutating func range(from start: Int) throws(RegexMistake) -> ClosedRange<UInt32> {
        let place = position
        let low = try classScalar(from: start)
        guard peek() == "-", let next = peek(1), next != "]" else { return low.value...low.value }
        skip()
        let high = try classScalar(from: start)
        guard low.value <= high.value else { throw mistake("the range is the wrong way round", at: place) }
        return low.value...high.value
    }

    private mutating func classScalar(from start: Int) throws(RegexMistake) -> Unicode.Scalar {
        guard let scalar = peek() else { throw mistake("the class that begins here does not end", at: start) }
        if scalar == "\\" { return try escapedScalar() }
        skip()
        return scalar
    }
}
