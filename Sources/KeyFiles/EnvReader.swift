/// Lines of NAME=value, as shells, Docker and the dotenv libraries read them. Values stay where they are: an
/// entry is a place in the bytes that its caller lends. Every byte is looked at a fixed number of times.
struct EnvReader {
    struct Entry {
        let name: String
        let value: Range<Int>
        /// The quotation mark around it.
        let quote: UInt8?
        let line: Int
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var line = 1

    /// Longer names are no names.
    private static let nameBytesAtMost = 200
    /// The longest value that goes over several lines: the PEM of an RSA key.
    private static let spanningBytesAtMost = 8_192

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// The next line that is NAME=value; nil at the end.
    mutating func next() -> Entry? {
        while position < bytes.count {
            let entry = entry()
            skipLine()
            if let entry { return entry }
        }
        return nil
    }

    private mutating func entry() -> Entry? {
        skipBlanks()
        // docker-compose writes lists: "- NAME=value".
        for prefix in ["- ", "export ", "declare -x ", "set "] where skip(prefix) { skipBlanks() }
        let start = position
        while let byte = byte, byte.isLetter || byte.isDigit || "_.-".utf8.contains(byte) { position += 1 }
        let name = start..<position
        skipBlanks()
        guard (1...Self.nameBytesAtMost).contains(name.count), byte == UInt8(ascii: "=") else { return nil }
        position += 1
        skipBlanks()
        let line = line
        let (value, quote) = quoted() ?? (plain(), nil)
        return Entry(
            name: String(decoding: bytes[name], as: UTF8.self), value: value, quote: quote, line: line)
    }

    private mutating func quoted() -> (Range<Int>, UInt8?)? {
        guard let quote = byte, "\"'`".utf8.contains(quote) else { return nil }
        let start = position + 1
        let mayspan = bytes[start...].starts(with: "-----BEGIN".utf8)
        let limit = mayspan ? min(bytes.count, start + Self.spanningBytesAtMost) : bytes.count
        var index = start
        while index < limit, mayspan || bytes[index] != UInt8(ascii: "\n") {
            if bytes[index] == quote {
                line += bytes[start..<index].count { $0 == UInt8(ascii: "\n") }
                position = index + 1
                return (start..<index, quote)
            }
            index += bytes[index] == UInt8(ascii: "\\") && quote == UInt8(ascii: "\"") ? 2 : 1
        }
        return nil
    }

    /// Up to a comment or the line's end, without the blanks before it.
    private mutating func plain() -> Range<Int> {
        let start = position
        while let byte = byte, byte != UInt8(ascii: "\n") {
            if byte == UInt8(ascii: "#"), position == start || bytes[position - 1].isBlank { break }
            position += 1
        }
        var end = position
        while end > start, bytes[end - 1].isBlank || bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return start..<end
    }

    // MARK: Moving

    private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while byte?.isBlank == true { position += 1 }
    }

    private mutating func skip(_ text: String) -> Bool {
        guard bytes[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    private mutating func skipLine() {
        while let byte = byte, byte != UInt8(ascii: "\n") { position += 1 }
        position += 1
        line += 1
    }
}

extension EnvReader.Entry {
    /// The value as a program would see it, for the caller to wipe. Only double quotes know escapes; what
    /// they do not know stays as it is.
    func bytes(in file: UnsafeRawBufferPointer) -> [UInt8] {
        guard quote == UInt8(ascii: "\"") else { return Array(file[value]) }
        var text: [UInt8] = []
        text.reserveCapacity(value.count)
        var index = value.lowerBound
        while index < value.upperBound {
            let isEscape = file[index] == UInt8(ascii: "\\") && index + 1 < value.upperBound
            if isEscape, let byte = Self.escapes[file[index + 1]] {
                text.append(byte)
                index += 2
            } else {
                text.append(file[index])
                index += 1
            }
        }
        return text
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9, UInt8(ascii: "\""): 34,
        UInt8(ascii: "\\"): 92, UInt8(ascii: "$"): 36,
    ]

    /// For flags and names, which are no secrets.
    func text(in file: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes(in: file).prefix(100), as: UTF8.self)
    }
}
