/// JSON as people edit it: with comments and trailing commas, as freqtrade takes it. Strings stay where they
/// are until somebody wants one, so that secrets are copied once at most, into guarded memory.
indirect enum LooseJSON {
    case null
    case bool(Bool)
    case number(Range<Int>)
    /// The bytes between the quotes, escapes and all.
    case string(Range<Int>)
    case array([LooseJSON])
    case object([Member])

    struct Member {
        let name: String
        let value: LooseJSON
    }
}

extension LooseJSON {
    var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// As in Python, the last of equal names counts.
    subscript(name: String) -> LooseJSON? {
        members?.last { $0.name == name }?.value
    }

    /// The text of a string, for the caller to wipe.
    func bytes(in file: UnsafeRawBufferPointer) -> [UInt8]? {
        guard case .string(let range) = self else { return nil }
        var text: [UInt8] = []
        // An escape is never shorter than what it stands for: the array does not grow.
        text.reserveCapacity(range.count)
        var source = file[range]
        while let byte = source.popFirst() {
            if byte == UInt8(ascii: "\\") { Self.escape(&source, &text) } else { text.append(byte) }
        }
        return text
    }

    /// For names and flags, which are no secrets.
    func text(in file: UnsafeRawBufferPointer) -> String? {
        switch self {
        case .string: bytes(in: file).map { String(decoding: $0.prefix(200), as: UTF8.self) }
        case .number(let range): String(decoding: file[range].prefix(200), as: UTF8.self)
        case .bool(let value): "\(value)"
        case .null, .array, .object: nil
        }
    }

    func isTrue(in file: UnsafeRawBufferPointer) -> Bool {
        text(in: file).flatMap { Flag.isOn($0) } == true
    }

    // MARK: Escapes

    private static func escape(_ source: inout Slice<UnsafeRawBufferPointer>, _ text: inout [UInt8]) {
        switch source.popFirst() {
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "u"): text.append(contentsOf: Array(String(scalar(&source)).utf8))
        case .some(let byte): text.append(byte)
        case nil: break
        }
    }

    /// Half a pair of surrogates stands for nothing.
    private static func scalar(_ source: inout Slice<UnsafeRawBufferPointer>) -> Unicode.Scalar {
        let first = codeUnit(&source)
        if UTF16.isLeadSurrogate(first), source.starts(with: "\\u".utf8) {
            source = source.dropFirst(2)
            let second = codeUnit(&source)
            guard UTF16.isTrailSurrogate(second) else { return "\u{FFFD}" }
            let value = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
            return Unicode.Scalar(value) ?? "\u{FFFD}"
        }
        return Unicode.Scalar(first) ?? "\u{FFFD}"
    }

    private static func codeUnit(_ source: inout Slice<UnsafeRawBufferPointer>) -> UInt16 {
        let digits = source.prefix(4)
        source = source.dropFirst(4)
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0xFFFD
    }
}
