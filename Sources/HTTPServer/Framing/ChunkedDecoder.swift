/// The chunked transfer coding (RFC 9112 7.1), a byte at a time but for the data. Extensions are checked and
/// ignored, trailers are checked and dropped (RFC 9110 6.5.1 lets a recipient do so).
struct ChunkedDecoder: Sendable {
    private enum State: Sendable {
        case size(digits: Int)
        case extensionStart
        case extensionName
        case extensionValueStart
        case extensionValue
        case sizeLineFeed
        case data
        case dataCarriageReturn
        case dataLineFeed
        case trailer
        case done
    }

    private var state = State.size(digits: 0)
    /// The size being read, then what is left of the chunk.
    private var remaining = 0
    private var bodyBytesLeft: Int
    private var extensionBytesLeft: Int
    private var trailer: TrailerReader

    /// More than 4 GiB a chunk is above every limit; sixteen digits would overflow.
    private static let sizeDigits = 8

    init(limits: HTTPLimits) {
        bodyBytesLeft = limits.bodyBytes
        extensionBytesLeft = limits.chunkExtensionBytes
        trailer = TrailerReader(bytesLeft: limits.trailerBytes)
    }

    mutating func limit(to bytes: Int) { bodyBytesLeft = min(bodyBytesLeft, bytes) }

    mutating func next(_ bytes: Span<UInt8>) throws(RequestError) -> BodyDecoder.Step {
        var position = 0
        while true {
            if case .done = state { return BodyDecoder.Step(consumed: position, event: .end) }
            guard position < bytes.count else { return BodyDecoder.Step(consumed: position, event: nil) }
            if case .data = state {
                let end = position + min(remaining, bytes.count - position)
                take(end - position)
                return BodyDecoder.Step(consumed: end, event: .data(position..<end))
            }
            try read(bytes[position])
            position += 1
        }
    }

    private mutating func take(_ count: Int) {
        remaining -= count
        if remaining == 0 { state = .dataCarriageReturn }
    }

    private mutating func read(_ byte: UInt8) throws(RequestError) {
        switch state {
        case .size(let digits): try readSize(byte, digits: digits)
        case .extensionStart, .extensionName, .extensionValueStart, .extensionValue: try readExtension(byte)
        case .sizeLineFeed: try endSize(byte)
        case .dataCarriageReturn:
            guard byte == ByteClass.carriageReturn else { throw .unterminatedChunk }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == ByteClass.lineFeed else { throw .unterminatedChunk }
            remaining = 0
            state = .size(digits: 0)
        case .trailer: if try trailer.read(byte) { state = .done }
        case .data, .done: break
        }
    }

    private mutating func readSize(_ byte: UInt8, digits: Int) throws(RequestError) {
        if let digit = ByteClass.hexValue(byte) {
            guard digits < Self.sizeDigits else { throw .invalidChunkSize }
            remaining = remaining << 4 | Int(digit)
            state = .size(digits: digits + 1)
            return
        }
        guard digits > 0 else { throw .invalidChunkSize }
        switch byte {
        case ByteClass.carriageReturn: state = .sizeLineFeed
        case 0x3B:
            try countExtensionByte()
            state = .extensionStart
        case ByteClass.lineFeed: throw .bareLineFeed
        default: throw .invalidChunkSize
        }
    }

    /// ;name or ;name=token. White space and quoted strings, which RFC 9112 7.1.1 allows, are refused:
    /// parsers differ on where they end.
    private mutating func readExtension(_ byte: UInt8) throws(RequestError) {
        try countExtensionByte()
        switch (state, byte) {
        case (.extensionStart, _) where ByteClass.isToken(byte): state = .extensionName
        case (.extensionValueStart, _) where ByteClass.isToken(byte): state = .extensionValue
        case (.extensionName, _) where ByteClass.isToken(byte): break
        case (.extensionValue, _) where ByteClass.isToken(byte): break
        case (.extensionName, 0x3D): state = .extensionValueStart
        case (.extensionName, 0x3B), (.extensionValue, 0x3B): state = .extensionStart
        case (.extensionName, ByteClass.carriageReturn), (.extensionValue, ByteClass.carriageReturn):
            state = .sizeLineFeed
        default: throw .invalidChunkExtension
        }
    }

    private mutating func countExtensionByte() throws(RequestError) {
        guard extensionBytesLeft > 0 else { throw .chunkExtensionTooLong }
        extensionBytesLeft -= 1
    }

    private mutating func endSize(_ byte: UInt8) throws(RequestError) {
        guard byte == ByteClass.lineFeed else { throw .bareCarriageReturn }
        guard remaining <= bodyBytesLeft else { throw .bodyTooLarge }
        bodyBytesLeft -= remaining
        state = remaining == 0 ? .trailer : .data
    }
}
