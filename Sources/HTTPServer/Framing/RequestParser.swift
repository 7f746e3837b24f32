/// Reads HTTP/1.x requests from a connection's bytes, one event at a time. Pure: no I/O, no clock.
///
/// Call `next` with all bytes that have arrived and were not consumed yet; drop `consumed` bytes from the
/// front; act on the event; call again. Without an event, wait for more bytes. One request is `.head`, any
/// number of `.body`, `.end`, also when it has no body; then the next request begins. After an error the
/// connection is lost: `next` throws the same error again.
package struct RequestParser: Sendable {
    package enum Event: Sendable {
        case head(RequestHead, BodyFraming)
        /// Offsets into the bytes given to `next`; they lie within the `consumed` ones.
        case body(Range<Int>)
        case end
    }

    package struct Step: Sendable {
        package let consumed: Int
        /// Nil: more bytes are needed.
        package let event: Event?
    }

    private let limits: HTTPLimits
    private var scanner: HeadScanner
    private var hasSkippedEmptyLine = false
    private var body: BodyDecoder?
    private var failure: RequestError?

    package init(limits: HTTPLimits = HTTPLimits()) {
        precondition(
            limits.requestLineBytes + 2 + limits.headerBytes <= Int(UInt16.max),
            "offsets in a head have 16 bits")
        self.limits = limits
        scanner = HeadScanner(limits: limits)
    }

    package mutating func next(_ bytes: Span<UInt8>) throws(RequestError) -> Step {
        if let failure { throw failure }
        do throws(RequestError) {
            return body == nil ? try nextHead(bytes) : try nextBody(bytes)
        } catch {
            failure = error
            throw error
        }
    }

    /// Lowers the limit for the body of the request whose head was just read. Throws `.bodyTooLarge` at once
    /// when its Content-Length is above it.
    package mutating func limitBody(to bytes: Int) throws(RequestError) {
        do throws(RequestError) {
            try body?.limit(to: bytes)
        } catch {
            failure = error
            throw error
        }
    }

    /// The `.end` of a request whose head said that it has no body; false: ask `next`.
    mutating func endEmptyBody() -> Bool {
        guard failure == nil, let decoder = body, decoder.isEmpty else { return false }
        body = nil
        return true
    }

    private mutating func nextHead(_ bytes: Span<UInt8>) throws(RequestError) -> Step {
        let skipped = try skipEmptyLine(bytes)
        let rest = bytes.extracting(droppingFirst: skipped)
        guard !rest.isEmpty else { return Step(consumed: skipped, event: nil) }
        try Self.checkFirstByte(rest[0], after: hasSkippedEmptyLine)
        guard rest[0] != ByteClass.carriageReturn, let end = try scanner.end(in: rest) else {
            return Step(consumed: skipped, event: nil)
        }
        let (head, framing) = try HeadReader.read(rest.extracting(first: end), limits: limits)
        scanner = HeadScanner(limits: limits)
        hasSkippedEmptyLine = false
        body = try BodyDecoder(framing, limits: limits)
        return Step(consumed: skipped + end, event: .head(head, framing))
    }

    /// RFC 9112 2.2: one empty line before a request is tolerated, because old clients send it after a body.
    private mutating func skipEmptyLine(_ bytes: Span<UInt8>) throws(RequestError) -> Int {
        guard bytes.count >= 2, bytes[0] == ByteClass.carriageReturn else { return 0 }
        guard !hasSkippedEmptyLine else { throw .tooManyEmptyLines }
        guard bytes[1] == ByteClass.lineFeed else { throw .bareCarriageReturn }
        hasSkippedEmptyLine = true
        return 2
    }

    /// What cannot begin a method is refused at its first byte: TLS on a plain port would otherwise wait for
    /// a LF.
    private static func checkFirstByte(_ byte: UInt8, after emptyLine: Bool) throws(RequestError) {
        switch byte {
        case ByteClass.carriageReturn: if emptyLine { throw .tooManyEmptyLines }
        case ByteClass.lineFeed: throw .bareLineFeed
        default: guard ByteClass.isToken(byte) else { throw .malformedRequestLine }
        }
    }

    private mutating func nextBody(_ bytes: Span<UInt8>) throws(RequestError) -> Step {
        guard let step = try body?.next(bytes) else { return Step(consumed: 0, event: nil) }
        switch step.event {
        case .data(let range): return Step(consumed: step.consumed, event: .body(range))
        case .end:
            body = nil
            return Step(consumed: step.consumed, event: .end)
        case nil: return Step(consumed: step.consumed, event: nil)
        }
    }
}
