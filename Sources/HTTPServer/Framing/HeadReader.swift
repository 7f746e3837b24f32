/// Reads one complete head, from the method to the empty line, in one pass. `HeadScanner` has found its end,
/// so the last four bytes are CR LF CR LF and no index below runs past it.
struct HeadReader {
    private let limits: HTTPLimits
    private var position = 0
    private var fields: [HeaderFields.Field] = []
    private var framing = FramingFields()

    init(limits: HTTPLimits) { self.limits = limits }

    static func read(
        _ bytes: Span<UInt8>, limits: HTTPLimits
    ) throws(RequestError) -> (head: RequestHead, framing: BodyFraming) {
        var reader = HeadReader(limits: limits)
        return try reader.read(bytes)
    }

    private mutating func read(
        _ bytes: Span<UInt8>
    ) throws(RequestError) -> (head: RequestHead, framing: BodyFraming) {
        let line = try RequestLine.read(bytes, limits: limits)
        position = line.end
        fields.reserveCapacity(16)
        while bytes[position] != ByteClass.carriageReturn {
            guard fields.count < limits.headerCount else { throw .tooManyHeaders }
            let field = try readField(bytes)
            try framing.note(field, in: bytes)
            fields.append(field)
        }
        guard position + 2 == bytes.count else { throw .bareCarriageReturn }
        let body = try framing.bodyFraming(minorVersion: line.minorVersion)
        try framing.checkHost(minorVersion: line.minorVersion, authority: line.authority, in: bytes)
        let head = RequestHead(
            method: line.method, minorVersion: line.minorVersion,
            headers: HeaderFields(bytes: bytes.copy(lowercasingNamesOf: fields), fields: fields),
            keepsAlive: framing.keepsAlive(minorVersion: line.minorVersion),
            // RFC 9110 10.1.1: an expectation in an HTTP/1.0 request is ignored.
            expectsContinue: framing.expectsContinue && line.minorVersion == 1 && body != .none,
            pathRange: line.path, queryRange: line.query)
        return (head, body)
    }

    /// One line: name ":" OWS value OWS CR LF (RFC 9112 5).
    private mutating func readField(_ bytes: Span<UInt8>) throws(RequestError) -> HeaderFields.Field {
        let nameStart = position
        let nameEnd = bytes.endOfToken(from: nameStart)
        guard bytes[nameEnd] == ByteClass.colon, nameEnd > nameStart else {
            throw Self.nameError(bytes[nameEnd], isEmpty: nameEnd == nameStart)
        }
        var valueStart = nameEnd + 1
        while ByteClass.isBlank(bytes[valueStart]) { valueStart += 1 }
        var valueEnd = bytes.endOfFieldValue(from: valueStart)
        guard bytes[valueEnd] == ByteClass.carriageReturn else { throw .controlByte }
        guard bytes[valueEnd + 1] == ByteClass.lineFeed else { throw .bareCarriageReturn }
        position = valueEnd + 2
        while valueEnd > valueStart, ByteClass.isBlank(bytes[valueEnd - 1]) { valueEnd -= 1 }
        return HeaderFields.Field(
            nameStart: UInt16(nameStart), nameEnd: UInt16(nameEnd),
            valueStart: UInt16(valueStart), valueEnd: UInt16(valueEnd))
    }

    private static func nameError(_ byte: UInt8, isEmpty: Bool) -> RequestError {
        switch byte {
        case ByteClass.space, ByteClass.tab: isEmpty ? .foldedLine : .spaceBeforeColon
        case ByteClass.carriageReturn: .missingColon
        case ByteClass.colon: .invalidHeaderName
        case let byte where ByteClass.isControl(byte): .controlByte
        default: .invalidHeaderName
        }
    }
}

extension Span<UInt8> {
    fileprivate func copy(lowercasingNamesOf fields: [HeaderFields.Field]) -> [UInt8] {
        var copy = withUnsafeBufferPointer { Array($0) }
        copy.withUnsafeMutableBufferPointer { target in
            for field in fields {
                for index in field.name { target[index] = ByteClass.lowercased(target[index]) }
            }
        }
        return copy
    }
}
