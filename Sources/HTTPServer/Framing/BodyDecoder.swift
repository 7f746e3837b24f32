/// Finds the bytes of one body in what arrives, without copying them.
package struct BodyDecoder: Sendable {
    package enum Event: Equatable, Sendable {
        /// Offsets into the bytes given to `next`.
        case data(Range<Int>)
        case end
    }

    package struct Step: Equatable, Sendable {
        package let consumed: Int
        /// Nil: more bytes are needed.
        package let event: Event?
    }

    private enum Kind {
        case counted(remaining: Int)
        case chunked(ChunkedDecoder)
    }

    private var kind: Kind

    /// Throws `.bodyTooLarge` when the length is above the limit.
    package init(_ framing: BodyFraming, limits: HTTPLimits) throws(RequestError) {
        switch framing {
        case .none: kind = .counted(remaining: 0)
        case .length(let length): kind = .counted(remaining: length)
        case .chunked: kind = .chunked(ChunkedDecoder(limits: limits))
        }
        try limit(to: limits.bodyBytes)
    }

    /// There is nothing to come but the end.
    var isEmpty: Bool {
        if case .counted(remaining: 0) = kind { return true }
        return false
    }

    /// Lowers the limit. To be called before the first byte of the body is decoded.
    package mutating func limit(to bytes: Int) throws(RequestError) {
        switch kind {
        case .counted(let remaining): guard remaining <= bytes else { throw .bodyTooLarge }
        case .chunked(var decoder):
            decoder.limit(to: bytes)
            kind = .chunked(decoder)
        }
    }

    package mutating func next(_ bytes: Span<UInt8>) throws(RequestError) -> Step {
        switch kind {
        case .counted(remaining: 0): return Step(consumed: 0, event: .end)
        case .counted(let remaining):
            let count = min(remaining, bytes.count)
            guard count > 0 else { return Step(consumed: 0, event: nil) }
            kind = .counted(remaining: remaining - count)
            return Step(consumed: count, event: .data(0..<count))
        case .chunked(var decoder):
            let step = try decoder.next(bytes)
            kind = .chunked(decoder)
            return step
        }
    }
}
