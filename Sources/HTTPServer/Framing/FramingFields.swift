/// The header fields that decide where a message ends, whom it is for and whether the connection goes on.
/// What two parsers could read differently is refused here.
struct FramingFields {
    private(set) var expectsContinue = false
    private var contentLength: Int?
    private var isChunked = false
    private var host: Range<Int>?
    private var asksToClose = false
    private var asksToKeepAlive = false

    /// Looks at one field. The name's length picks the candidates, so most fields cost one comparison.
    mutating func note(_ field: HeaderFields.Field, in bytes: Span<UInt8>) throws(RequestError) {
        switch field.name.count {
        case 4 where bytes.equalsLowercase("host", in: field.name):
            guard host == nil else { throw .duplicateHost }
            guard Authority.isValid(bytes, field.value) else { throw .invalidHost }
            host = field.value
        case 6 where bytes.equalsLowercase("expect", in: field.name):
            guard bytes.equalsLowercase("100-continue", in: field.value) else { throw .unknownExpectation }
            expectsContinue = true
        case 10 where bytes.equalsLowercase("connection", in: field.name):
            try noteConnection(field.value, in: bytes)
        case 14 where bytes.equalsLowercase("content-length", in: field.name):
            guard contentLength == nil else { throw .duplicateContentLength }
            contentLength = try Self.length(field.value, in: bytes)
        case 17 where bytes.equalsLowercase("transfer-encoding", in: field.name):
            guard !isChunked else { throw .duplicateTransferEncoding }
            // RFC 9112 6.1. Codings are case-insensitive, but no sender writes another case but to confuse.
            guard bytes.equals("chunked", in: field.value) else { throw .unknownTransferEncoding }
            isChunked = true
        default: break
        }
    }

    /// RFC 9112 6.3, without the cases that it lets a server guess.
    func bodyFraming(minorVersion: Int) throws(RequestError) -> BodyFraming {
        if isChunked {
            guard contentLength == nil else { throw .lengthAndTransferEncoding }
            guard minorVersion == 1 else { throw .transferEncodingInOldVersion }
            return .chunked
        }
        guard let contentLength, contentLength > 0 else { return .none }
        return .length(contentLength)
    }

    /// RFC 9112 3.2: one Host in HTTP/1.1, and the same as in an absolute target.
    func checkHost(
        minorVersion: Int, authority: Range<Int>?, in bytes: Span<UInt8>
    ) throws(RequestError) {
        guard host != nil || minorVersion == 0 else { throw .missingHost }
        guard let authority else { return }
        guard Authority.isValid(bytes, authority) else { throw .unsupportedTargetForm }
        guard let host else { return }
        guard host.count == authority.count else { throw .hostMismatch }
        for (left, right) in zip(host, authority)
        where ByteClass.lowercased(bytes[left]) != ByteClass.lowercased(bytes[right]) {
            throw .hostMismatch
        }
    }

    func keepsAlive(minorVersion: Int) -> Bool {
        !asksToClose && (minorVersion == 1 || asksToKeepAlive)
    }

    /// Plain digits without sign, list or leading zero; at most 18, so that it never overflows.
    private static func length(_ value: Range<Int>, in bytes: Span<UInt8>) throws(RequestError) -> Int {
        guard (1...18).contains(value.count), value.count == 1 || bytes[value.lowerBound] != 0x30 else {
            throw .invalidContentLength
        }
        var length = 0
        for index in value {
            guard ByteClass.isDigit(bytes[index]) else { throw .invalidContentLength }
            length = length &* 10 &+ Int(bytes[index] &- 0x30)
        }
        return length
    }

    /// A list of tokens (RFC 9110 7.6.1).
    private mutating func noteConnection(
        _ value: Range<Int>, in bytes: Span<UInt8>
    ) throws(RequestError) {
        var index = value.lowerBound
        while true {
            let start = index
            while index < value.upperBound, ByteClass.isToken(bytes[index]) { index += 1 }
            guard index > start else { throw .invalidConnection }
            if bytes.equalsLowercase("close", in: start..<index) { asksToClose = true }
            if bytes.equalsLowercase("keep-alive", in: start..<index) { asksToKeepAlive = true }
            while index < value.upperBound, ByteClass.isBlank(bytes[index]) { index += 1 }
            guard index < value.upperBound else { return }
            guard bytes[index] == 0x2C else { throw .invalidConnection }
            index += 1
            while index < value.upperBound, ByteClass.isBlank(bytes[index]) { index += 1 }
        }
    }
}
