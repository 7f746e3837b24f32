import Glibc

/// Finds the empty line that ends a head, and remembers how far it looked, so that a head that trickles in
/// byte by byte is read once. Every verdict depends on the bytes alone, never on how they were split.
struct HeadScanner: Sendable {
    private var searched = 0
    private var lineStart = 0
    /// Where the search gives up: after the request line's limit, then after the header section's.
    private var bound: Int
    private var isInRequestLine = true
    private let limits: HTTPLimits

    init(limits: HTTPLimits) {
        self.limits = limits
        bound = limits.requestLineBytes + 2
    }

    /// The length of the head with its empty line, or nil while that has not arrived. `bytes` begins with the
    /// head.
    mutating func end(in bytes: Span<UInt8>) throws(RequestError) -> Int? {
        while let lineFeed = bytes.firstLineFeed(from: searched, to: min(bytes.count, bound)) {
            guard lineFeed > lineStart, bytes[lineFeed - 1] == ByteClass.carriageReturn else {
                throw .bareLineFeed
            }
            if lineFeed - 1 == lineStart { return lineFeed + 1 }
            if isInRequestLine {
                isInRequestLine = false
                bound = lineFeed + 1 + limits.headerBytes
            }
            lineStart = lineFeed + 1
            searched = lineStart
        }
        searched = max(searched, min(bytes.count, bound))
        guard bytes.count < bound else { throw isInRequestLine ? .requestLineTooLong : .headerTooLarge }
        return nil
    }
}

extension Span<UInt8> {
    /// The offset of the first LF in `start..<end`.
    fileprivate func firstLineFeed(from start: Int, to end: Int) -> Int? {
        guard start < end else { return nil }
        return withUnsafeBufferPointer { buffer -> Int? in
            guard let base = buffer.baseAddress,
                let found = memchr(base + start, Int32(ByteClass.lineFeed), end - start)
            else { return nil }
            return UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }
}
