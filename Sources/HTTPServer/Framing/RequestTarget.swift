/// The target of a request (RFC 9112 3.2): a path, an absolute http URL, or "*". The authority form is
/// CONNECT's only, and nobody connects through us.
struct RequestTarget {
    let path: Range<Int>
    let query: Range<Int>?
    let authority: Range<Int>?
    /// The offset of the space behind it.
    let end: Int

    static func read(
        _ bytes: Span<UInt8>, from start: Int, method: HTTPMethod
    ) throws(RequestError) -> RequestTarget {
        switch bytes[start] {
        case ByteClass.slash where method != .other("CONNECT"):
            return try readPath(bytes, from: start, authority: nil)
        case 0x2A where method == .options && bytes[start + 1] == ByteClass.space:
            return RequestTarget(path: start..<start + 1, query: nil, authority: nil, end: start + 1)
        case ByteClass.space:
            throw .malformedRequestLine
        default:
            return try readAbsolute(bytes, from: start, method: method)
        }
    }

    /// http://authority/path?query. An absent path means "/", for which the first slash of "//" stands in.
    private static func readAbsolute(
        _ bytes: Span<UInt8>, from start: Int, method: HTTPMethod
    ) throws(RequestError) -> RequestTarget {
        guard method != .other("CONNECT"), let authorityStart = bytes.endOfScheme(from: start) else {
            throw .unexpected(
                bytes[start], before: bytes[start + 1],
                otherwise: bytes[start] < 0x80 ? .unsupportedTargetForm : .invalidTargetByte)
        }
        var end = authorityStart
        while ByteClass.isAuthority(bytes[end]) { end += 1 }
        guard end > authorityStart else { throw .unsupportedTargetForm }
        let authority = authorityStart..<end
        if bytes[end] == ByteClass.slash { return try readPath(bytes, from: end, authority: authority) }
        let root = authorityStart - 2..<authorityStart - 1
        return try readQuery(bytes, behind: root, at: end, authority: authority)
    }

    private static func readPath(
        _ bytes: Span<UInt8>, from start: Int, authority: Range<Int>?
    ) throws(RequestError) -> RequestTarget {
        var end = start
        while true {
            while ByteClass.isPath(bytes[end]) { end += 1 }
            guard bytes[end] == ByteClass.percent else { break }
            guard ByteClass.hexValue(bytes[end + 1]) != nil, ByteClass.hexValue(bytes[end + 2]) != nil else {
                throw .malformedPercentEncoding
            }
            end += 3
        }
        return try readQuery(bytes, behind: start..<end, at: end, authority: authority)
    }

    private static func readQuery(
        _ bytes: Span<UInt8>, behind path: Range<Int>, at mark: Int, authority: Range<Int>?
    ) throws(RequestError) -> RequestTarget {
        var end = mark
        var query: Range<Int>?
        if bytes[mark] == ByteClass.question {
            end += 1
            while ByteClass.isQuery(bytes[end]) { end += 1 }
            query = mark + 1..<end
        }
        guard bytes[end] == ByteClass.space else {
            let other: RequestError = bytes[end] == 0x23 ? .fragmentInTarget : .invalidTargetByte
            throw .unexpected(
                bytes[end], before: bytes[end + 1],
                otherwise: bytes[end] == ByteClass.carriageReturn ? .malformedRequestLine : other)
        }
        return RequestTarget(path: path, query: query, authority: authority, end: end)
    }
}

extension Span<UInt8> {
    /// The offset behind "http://" or "https://", in any case (RFC 3986 3.1), or nil.
    fileprivate func endOfScheme(from start: Int) -> Int? {
        if equalsLowercase("http://", at: start) { return start + 7 }
        return equalsLowercase("https://", at: start) ? start + 8 : nil
    }
}
