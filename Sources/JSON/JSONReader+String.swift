extension JSONReader {
    /// From the opening quote to behind the closing one.
    mutating func string() throws(JSONMistake) -> String {
        let opening = source.offset
        source.skip()
        let start = source.offset
        try passUnescaped()
        let content: String
        if source.next == UInt8(ascii: "\"") {
            content = source.text(from: start)
        } else {
            content = try stringWithEscapes(from: start)
        }
        guard source.offset - start <= limits.stringBytes else {
            throw JSONMistake(kind: .stringTooLong(limitBytes: limits.stringBytes), offset: opening)
        }
        source.skip()
        return content
    }

    /// The rest of a string whose first escape stands here; up to the closing quote.
    private mutating func stringWithEscapes(from start: Int) throws(JSONMistake) -> String {
        var content: [UInt8] = []
        source.append(from: start, to: &content)
        while source.next == UInt8(ascii: "\\") {
            content.append(contentsOf: String(try escape()).utf8)
            let plain = source.offset
            try passUnescaped()
            source.append(from: plain, to: &content)
        }
        return String(decoding: content, as: UTF8.self)
    }

    /// Moves to the next quote or backslash, over characters that may stand as they are.
    private mutating func passUnescaped() throws(JSONMistake) {
        while true {
            source.skipPlain()
            switch source.next {
            case nil: throw mistake(.unexpectedEnd)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): return
            case .some(let byte) where byte < 0x20: throw mistake(.controlCharacter)
            default:
                let length = source.sequenceLength
                guard length > 0 else { throw mistake(.invalidUTF8) }
                source.skip(length)
            }
        }
    }

    // MARK: - Escapes

    private mutating func escape() throws(JSONMistake) -> Unicode.Scalar {
        let scalar: Unicode.Scalar
        switch source.byte(ahead: 1) {
        case UInt8(ascii: "\""): scalar = "\""
        case UInt8(ascii: "\\"): scalar = "\\"
        case UInt8(ascii: "/"): scalar = "/"
        case UInt8(ascii: "b"): scalar = "\u{8}"
        case UInt8(ascii: "f"): scalar = "\u{C}"
        case UInt8(ascii: "n"): scalar = "\n"
        case UInt8(ascii: "r"): scalar = "\r"
        case UInt8(ascii: "t"): scalar = "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        case nil: throw JSONMistake(kind: .unexpectedEnd, offset: source.count)
        default: throw mistake(.invalidEscape)
        }
        source.skip(2)
        return scalar
    }

    /// `\uXXXX`, or two of them that are a surrogate pair.
    private mutating func unicodeEscape() throws(JSONMistake) -> Unicode.Scalar {
        let start = source.offset
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(first), source.next == UInt8(ascii: "\\"),
            source.byte(ahead: 1) == UInt8(ascii: "u")
        else { throw JSONMistake(kind: .loneSurrogate, offset: start) }
        let second = try codeUnit()
        guard UTF16.isTrailSurrogate(second) else { throw JSONMistake(kind: .loneSurrogate, offset: start) }
        return scalar(lead: first, trail: second)
    }

    /// The Unicode Standard, D91. A pair of surrogates always names a scalar, so the replacement is never
    /// taken.
    private func scalar(lead: UInt16, trail: UInt16) -> Unicode.Scalar {
        Unicode.Scalar(0x10000 + (UInt32(lead) - 0xD800) << 10 + (UInt32(trail) - 0xDC00)) ?? "\u{FFFD}"
    }

    /// The four hexadecimal digits behind `\u`.
    private mutating func codeUnit() throws(JSONMistake) -> UInt16 {
        var unit: UInt16 = 0
        for distance in 2..<6 {
            guard let byte = source.byte(ahead: distance) else {
                throw JSONMistake(kind: .unexpectedEnd, offset: source.count)
            }
            guard let digit = hexValue(byte) else { throw mistake(.invalidEscape) }
            unit = unit << 4 | digit
        }
        source.skip(6)
        return unit
    }

    private func hexValue(_ byte: UInt8) -> UInt16? {
        switch byte {
        case 0x30...0x39: UInt16(byte - 0x30)
        case 0x41...0x46: UInt16(byte - 0x41 + 10)
        case 0x61...0x66: UInt16(byte - 0x61 + 10)
        default: nil
        }
    }
}

extension JSONSource {
    /// Bytes of the well-formed UTF-8 sequence that starts here, by Table 3-7 of the Unicode Standard: no
    /// overlong form, no surrogate, nothing above U+10FFFF; 0 when it is ill-formed.
    var sequenceLength: Int {
        guard let first = next else { return 0 }
        let second: ClosedRange<UInt8>
        let length: Int
        switch first {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return 0
        }
        guard let byte = byte(ahead: 1), second.contains(byte) else { return 0 }
        for distance in 2..<max(length, 2) {
            guard let byte = self.byte(ahead: distance), (0x80...0xBF).contains(byte) else { return 0 }
        }
        return length
    }
}
