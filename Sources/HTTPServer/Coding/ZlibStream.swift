internal import CZlib

/// A z_stream at a fixed address: zlib keeps a pointer back to it. Pumps input through one zlib function in
/// steps of a bounded buffer. The pointers stay in this file.
final class ZlibStream {
    enum Direction {
        case deflate(level: Int32)
        case inflate
    }

    /// How deflate treats what it still holds.
    enum Flush {
        /// Keep it until more comes.
        case none
        /// Write all, so that the peer can decode everything so far.
        case sync
        /// Write all and end the stream.
        case finish
    }

    enum Outcome {
        /// All input is used and all output written.
        case needsInput
        /// There may be more output.
        case hasOutput
        case end
        case corrupt
        case outOfMemory
    }

    /// One step of output: big enough that the calls do not count, small enough to stay in the cache.
    static let stepBytes = 16 * 1024

    private let stream: UnsafeMutablePointer<z_stream>
    private let step: UnsafeMutablePointer<UInt8>
    private let isDeflate: Bool

    init(_ direction: Direction) throws(GzipError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        step = .allocate(capacity: Self.stepBytes)
        let code: Int32
        switch direction {
        case .deflate(let level):
            isDeflate = true
            code = kzlib_deflate_init_gzip(stream, level)
        case .inflate:
            isDeflate = false
            code = kzlib_inflate_init_gzip(stream)
        }
        guard code == Z_OK else { throw .outOfMemory }
    }

    deinit {
        _ = isDeflate ? deflateEnd(stream) : inflateEnd(stream)
        stream.deallocate()
        step.deallocate()
    }

    /// Begins a new stream; the memory is used again.
    func reset() {
        let code = isDeflate ? deflateReset(stream) : inflateReset(stream)
        precondition(code == Z_OK, "a zlib stream was in no state to be reset")
    }

    /// The most that `count` bytes can become, header and trailer included.
    func deflateBound(_ count: Int) -> Int { Int(CZlib.deflateBound(stream, UInt(count))) }

    /// One call of zlib. Adds at most `stepBytes` to `output` and advances `position` over the input that was
    /// used.
    func pump(
        _ input: Span<UInt8>, from position: inout Int, flush: Flush, into output: inout [UInt8]
    ) -> Outcome {
        let count = min(input.count - position, Int(Int32.max))
        let isLast = position + count == input.count
        let code = input.withUnsafeBufferPointer { buffer -> Int32 in
            stream.pointee.next_in = buffer.baseAddress.map { UnsafeMutablePointer(mutating: $0 + position) }
            stream.pointee.avail_in = UInt32(count)
            stream.pointee.next_out = step
            stream.pointee.avail_out = UInt32(Self.stepBytes)
            return isDeflate ? deflate(stream, isLast ? flush.code : Z_NO_FLUSH) : inflate(stream, Z_NO_FLUSH)
        }
        position += count - Int(stream.pointee.avail_in)
        stream.pointee.next_in = nil
        let produced = Self.stepBytes - Int(stream.pointee.avail_out)
        output.append(contentsOf: UnsafeBufferPointer(start: step, count: produced))
        return outcome(code, isInputUsed: position == input.count)
    }

    private func outcome(_ code: Int32, isInputUsed: Bool) -> Outcome {
        switch code {
        case Z_STREAM_END: .end
        // No progress was possible: not an error (zlib.h).
        case Z_OK, Z_BUF_ERROR: stream.pointee.avail_out > 0 && isInputUsed ? .needsInput : .hasOutput
        case Z_MEM_ERROR: .outOfMemory
        default: .corrupt
        }
    }
}

extension ZlibStream.Flush {
    fileprivate var code: Int32 {
        switch self {
        case .none: Z_NO_FLUSH
        case .sync: Z_SYNC_FLUSH
        case .finish: Z_FINISH
        }
    }
}
