/// How far a gzip body may grow.
package struct GzipLimits: Sendable {
    /// Decompressed bytes in all.
    package var decodedBytes: Int

    /// Decompressed bytes for each compressed one. JSON and CSV reach 20 to 1; deflate's most is 1,032 to 1.
    package var ratio = 100

    /// Decompressed bytes before the ratio counts: a short body of blanks is harmless.
    package var ratioGraceBytes = 64 * 1024

    package init(decodedBytes: Int) { self.decodedBytes = decodedBytes }
}

/// Decompresses request bodies as they arrive. Several members in a row are one body (RFC 1952 2.2), as `cat
/// a.gz b.gz` and parallel compressors write them; the limits hold for all together. Anything else behind a
/// member is refused.
package final class GzipDecoder {
    private enum State {
        case beforeMember(isFirst: Bool)
        case inMember
    }

    private let stream: ZlibStream
    private var limits: GzipLimits
    private var state = State.beforeMember(isFirst: true)
    private var encodedBytes = 0
    private var decodedBytes = 0
    private var failure: GzipError?

    /// The first byte of every member (RFC 1952 2.3.1).
    private static let magic: UInt8 = 0x1F

    package init(limits: GzipLimits) throws(GzipError) {
        self.limits = limits
        stream = try ZlibStream(.inflate)
    }

    /// Lowers the limit of decompressed bytes.
    package func limit(to bytes: Int) { limits.decodedBytes = min(limits.decodedBytes, bytes) }

    /// Appends what `bytes` decompress to. After an error it throws the same again.
    package func decode(_ bytes: Span<UInt8>, into output: inout [UInt8]) throws(GzipError) {
        if let failure { throw failure }
        do throws(GzipError) {
            try pump(bytes, into: &output)
        } catch {
            failure = error
            throw error
        }
    }

    /// To be called at the body's end. Throws `.truncated` inside a member and for an empty body.
    package func finish() throws(GzipError) {
        if let failure { throw failure }
        guard case .beforeMember(isFirst: false) = state else { throw .truncated }
    }

    /// Decompresses a whole body.
    package static func decompress(_ bytes: Span<UInt8>, limits: GzipLimits) throws(GzipError) -> [UInt8] {
        let decoder = try GzipDecoder(limits: limits)
        var output: [UInt8] = []
        try decoder.decode(bytes, into: &output)
        try decoder.finish()
        return output
    }

    private func pump(_ bytes: Span<UInt8>, into output: inout [UInt8]) throws(GzipError) {
        var position = 0
        var hasMore = false
        while position < bytes.count || hasMore {
            if case .beforeMember(let isFirst) = state { try beginMember(bytes[position], isFirst: isFirst) }
            let (start, size) = (position, output.count)
            let outcome = stream.pump(bytes, from: &position, flush: .none, into: &output)
            try count(encoded: position - start, decoded: output.count - size)
            switch outcome {
            case .needsInput: return
            case .hasOutput: hasMore = true
            case .end:
                hasMore = false
                state = .beforeMember(isFirst: false)
            case .corrupt: throw .corrupt
            case .outOfMemory: throw .outOfMemory
            }
        }
    }

    private func beginMember(_ byte: UInt8, isFirst: Bool) throws(GzipError) {
        guard byte == Self.magic else { throw isFirst ? .corrupt : .trailingBytes }
        stream.reset()
        state = .inMember
    }

    private func count(encoded: Int, decoded: Int) throws(GzipError) {
        encodedBytes += encoded
        decodedBytes += decoded
        guard decodedBytes <= limits.decodedBytes else { throw .tooLarge }
        guard decodedBytes <= limits.ratioGraceBytes || decodedBytes / limits.ratio <= encodedBytes else {
            throw .ratioTooHigh
        }
    }
}
