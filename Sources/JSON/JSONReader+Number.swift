extension JSONReader {
    /// `[ minus ] int [ frac ] [ exp ]`, RFC 8259 §6.
    mutating func number() throws(JSONMistake) -> JSONNumber {
        let start = source.offset
        if source.next == UInt8(ascii: "-") { source.skip() }
        try integerPart()
        if source.next == UInt8(ascii: ".") {
            source.skip()
            try digits()
        }
        if source.next == UInt8(ascii: "e") || source.next == UInt8(ascii: "E") {
            source.skip()
            if source.next == UInt8(ascii: "+") || source.next == UInt8(ascii: "-") { source.skip() }
            try digits()
        }
        guard source.offset - start <= limits.numberBytes else {
            throw JSONMistake(kind: .numberTooLong(limitBytes: limits.numberBytes), offset: start)
        }
        return JSONNumber(grammatical: source.text(from: start))
    }

    /// A zero stands alone.
    private mutating func integerPart() throws(JSONMistake) {
        guard source.next == UInt8(ascii: "0") else { return try digits() }
        source.skip()
        if let byte = source.next, isDigit(byte) { throw mistake(.invalidNumber) }
    }

    private mutating func digits() throws(JSONMistake) {
        guard source.skipDigits() > 0 else {
            throw mistake(source.isAtEnd ? .unexpectedEnd : .invalidNumber)
        }
    }
}
