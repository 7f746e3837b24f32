/// The trailer section behind the last chunk: field lines as strict as in a head, then an empty line. Their
/// content is dropped, but fields that frame or route a message may not even be tried (RFC 9110 6.5.1).
struct TrailerReader: Sendable {
    private enum State: Sendable {
        case lineStart, name, value, lineFeed, lastLineFeed
    }

    private var state = State.lineStart
    private var name: [UInt8] = []
    private var bytesLeft: Int

    private static let forbidden: [StaticString] = [
        "host", "content-length", "transfer-encoding", "connection", "trailer", "te", "expect",
        "authorization",
        "content-encoding", "content-type", "content-range", "cookie",
    ]

    init(bytesLeft: Int) { self.bytesLeft = bytesLeft }

    /// True behind the empty line that ends the message.
    mutating func read(_ byte: UInt8) throws(RequestError) -> Bool {
        guard bytesLeft > 0 else { throw .trailerTooLarge }
        bytesLeft -= 1
        switch state {
        case .lineStart where byte == ByteClass.carriageReturn: state = .lastLineFeed
        case .lineStart where ByteClass.isToken(byte):
            name = [ByteClass.lowercased(byte)]
            state = .name
        case .name where ByteClass.isToken(byte): name.append(ByteClass.lowercased(byte))
        case .name where byte == ByteClass.colon && !isForbidden: state = .value
        case .value where byte == ByteClass.carriageReturn: state = .lineFeed
        case .value where ByteClass.isFieldValue(byte): break
        case .lineFeed where byte == ByteClass.lineFeed: state = .lineStart
        case .lastLineFeed where byte == ByteClass.lineFeed: return true
        default: throw .invalidTrailer
        }
        return false
    }

    private var isForbidden: Bool {
        Self.forbidden.contains { name.span.equals($0, in: name.indices) }
    }
}
