import HTTPServer

/// The first byte chooses how the rest is split; the same bytes must decode to the same body whole and in
/// pieces.
public func fuzzChunkedBody(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Array(UnsafeBufferPointer(start: data, count: count))
    guard let first = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    let whole = BodyReading(bytes, pieceBytes: max(bytes.count, 1))
    let pieces = BodyReading(bytes, pieceBytes: 1 + Int(first % 32))
    precondition(whole == pieces, "the body depends on how the bytes were split")
    precondition(whole.body.count <= bytes.count, "a body is no longer than its chunks")
    return 0
}

/// What a decoder made of a chunked body.
private struct BodyReading: Equatable {
    private(set) var body: [UInt8] = []
    private var consumed = 0
    private var hasEnded = false
    private var error: RequestError?

    init(_ bytes: [UInt8], pieceBytes: Int) {
        do throws(RequestError) {
            var decoder = try BodyDecoder(.chunked, limits: HTTPLimits())
            var start = 0
            while start < bytes.count, !hasEnded {
                let end = min(bytes.count, start + pieceBytes)
                try readAll(Array(bytes[start..<end]), with: &decoder)
                start = end
            }
        } catch {
            // How far it came before the error may depend on the split.
            self.error = error
            consumed = 0
        }
    }

    private mutating func readAll(_ piece: [UInt8], with decoder: inout BodyDecoder) throws(RequestError) {
        var position = 0
        while true {
            let rest = Array(piece[position...])
            let step = try decoder.next(rest.span)
            position += step.consumed
            consumed += step.consumed
            switch step.event {
            case .data(let range): body += rest[range]
            case .end: hasEnded = true
            case nil: break
            }
            guard step.event != nil, !hasEnded else { return }
        }
    }
}
