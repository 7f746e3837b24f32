/// Compresses answers. Level 1 by default: four times as fast as level 6 and seldom 10 % larger for JSON.
/// Keep one per worker and use it again: its 270 KB are expensive to set up.
package final class GzipEncoder {
    private let stream: ZlibStream

    /// `level` is 1 (fast) to 9 (small). Throws `.outOfMemory` only.
    package init(level: Int = 1) throws(GzipError) {
        precondition((1...9).contains(level), "zlib's levels are 1 to 9")
        stream = try ZlibStream(.deflate(level: Int32(level)))
    }

    /// A whole gzip stream. A stream that was begun with `encode` is dropped.
    package func compress(_ bytes: Span<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(min(stream.deflateBound(bytes.count), bytes.count / 2 + 64))
        stream.reset()
        pump(bytes, .finish, into: &output)
        stream.reset()
        return output
    }

    /// Adds to a stream. Output appears when enough has come together.
    package func encode(_ bytes: Span<UInt8>, into output: inout [UInt8]) {
        pump(bytes, .none, into: &output)
    }

    /// Writes what is held back, so that the peer can read everything so far.
    package func flush(into output: inout [UInt8]) { pump(Span(), .sync, into: &output) }

    /// Ends the stream. The encoder is ready for another one.
    package func finish(into output: inout [UInt8]) {
        pump(Span(), .finish, into: &output)
        stream.reset()
    }

    private func pump(_ bytes: Span<UInt8>, _ flush: ZlibStream.Flush, into output: inout [UInt8]) {
        var position = 0
        while true {
            switch stream.pump(bytes, from: &position, flush: flush, into: &output) {
            case .hasOutput: continue
            case .needsInput, .end: return
            case .corrupt, .outOfMemory: preconditionFailure("deflate fails only when it is called wrongly")
            }
        }
    }
}
