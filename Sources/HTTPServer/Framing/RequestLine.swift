/// method SP request-target SP HTTP-version CR LF (RFC 9112 3), with exactly these single spaces.
struct RequestLine {
    let method: HTTPMethod
    let minorVersion: Int
    let path: Range<Int>
    let query: Range<Int>?
    /// Only in the absolute form: what must equal Host.
    let authority: Range<Int>?
    /// The offset behind its line end.
    let end: Int

    /// Longer ones do not exist: 501 (RFC 9112 3). The longest registered one is UPDATEREDIRECTREF, 17 bytes.
    private static let methodBytes = 24

    static func read(_ bytes: Span<UInt8>, limits: HTTPLimits) throws(RequestError) -> RequestLine {
        let methodEnd = try endOfMethod(bytes)
        let method = HTTPMethod(bytes, methodEnd)
        let target = try RequestTarget.read(bytes, from: methodEnd + 1, method: method)
        guard target.end - methodEnd - 1 <= limits.targetBytes else { throw .targetTooLong }
        let minorVersion = try readVersion(bytes, from: target.end + 1)
        return RequestLine(
            method: method, minorVersion: minorVersion, path: target.path, query: target.query,
            authority: target.authority, end: target.end + 11)
    }

    private static func endOfMethod(_ bytes: Span<UInt8>) throws(RequestError) -> Int {
        var end = 0
        while ByteClass.isToken(bytes[end]) { end += 1 }
        guard bytes[end] == ByteClass.space, end > 0 else {
            throw .unexpected(bytes[end], before: bytes[end + 1], otherwise: .malformedRequestLine)
        }
        guard end <= methodBytes else { throw .methodTooLong }
        return end
    }

    /// "HTTP/1.0" or "HTTP/1.1", case-sensitive, then the line's end. Another DIGIT "." DIGIT is 505.
    private static func readVersion(_ bytes: Span<UInt8>, from start: Int) throws(RequestError) -> Int {
        guard start + 10 <= bytes.count, bytes.equals("HTTP/", at: start), bytes[start + 6] == 0x2E,
            ByteClass.isDigit(bytes[start + 5]), ByteClass.isDigit(bytes[start + 7])
        else { throw .malformedRequestLine }
        guard bytes[start + 8] == ByteClass.carriageReturn else {
            throw .unexpected(bytes[start + 8], before: bytes[start + 9], otherwise: .malformedRequestLine)
        }
        guard bytes[start + 9] == ByteClass.lineFeed else { throw .bareCarriageReturn }
        guard bytes[start + 5] == 0x31, bytes[start + 7] <= 0x31 else { throw .unsupportedVersion }
        return Int(bytes[start + 7] - 0x30)
    }
}

extension RequestError {
    /// What is wrong with a byte that does not belong where it stands in the head.
    static func unexpected(
        _ byte: UInt8, before next: UInt8, otherwise: RequestError
    ) -> RequestError {
        if byte == ByteClass.carriageReturn, next != ByteClass.lineFeed { return .bareCarriageReturn }
        return ByteClass.isControl(byte) && byte != ByteClass.carriageReturn ? .controlByte : otherwise
    }
}

extension HTTPMethod {
    fileprivate init(_ bytes: Span<UInt8>, _ end: Int) {
        if end == 3, bytes.equals("GET", at: 0) {
            self = .get
        } else if end == 4, bytes.equals("POST", at: 0) {
            self = .post
        } else {
            self.init(bytes.string(0..<end))
        }
    }
}
