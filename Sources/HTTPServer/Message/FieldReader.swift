/// Reads the grammar that structured field values share (RFC 9110 5.6): tokens, quoted strings, parameters,
/// lists. Nothing is guessed: what does not fit is nil.
struct FieldReader {
    struct Parameter: Equatable {
        let name: String
        let value: String
    }

    private let bytes: [UInt8]
    private var position = 0

    /// More parameters on one item have no honest sender.
    private static let parameterLimit = 16

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position == bytes.count }

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    /// OWS.
    mutating func skipBlanks() {
        while let byte = next, ByteClass.isBlank(byte) { position += 1 }
    }

    /// A comma of a list, with the white space around it.
    mutating func takeComma() -> Bool {
        skipBlanks()
        guard take(0x2C) else { return false }
        skipBlanks()
        return true
    }

    /// A token, lower-cased.
    mutating func token() -> String? {
        let start = position
        while let byte = next, ByteClass.isToken(byte) { position += 1 }
        guard position > start else { return nil }
        return String(decoding: bytes[start..<position].map(ByteClass.lowercased), as: UTF8.self)
    }

    /// *( OWS ";" OWS name "=" value ); nil when malformed or when a name repeats.
    mutating func parameters() -> [Parameter]? {
        var parameters: [Parameter] = []
        while true {
            let behindItem = position
            skipBlanks()
            guard take(0x3B) else {
                position = behindItem
                return parameters
            }
            skipBlanks()
            guard let name = token(), take(0x3D), let value = value(), parameters.count < Self.parameterLimit,
                !parameters.contains(where: { $0.name == name })
            else { return nil }
            parameters.append(Parameter(name: name, value: value))
        }
    }

    private mutating func value() -> String? {
        next == 0x22 ? quotedString() : token()
    }

    /// RFC 9110 5.6.4, with its escapes.
    private mutating func quotedString() -> String? {
        var content: [UInt8] = []
        position += 1
        while let byte = next {
            position += 1
            if byte == 0x22 { return String(validating: content, as: UTF8.self) }
            if byte == 0x5C {
                guard let escaped = next, ByteClass.isFieldValue(escaped) else { return nil }
                position += 1
                content.append(escaped)
            } else {
                guard ByteClass.isFieldValue(byte) else { return nil }
                content.append(byte)
            }
        }
        return nil
    }
}
