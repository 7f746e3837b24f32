import HTTPServer

extension FuzzTarget {
    /// The same bytes are the same body whole and in pieces.
    static let chunked = FuzzTarget(name: "Chunked") { input throws(Finding) in
        let input = CutInput(input)
        let whole = BodyReading([input.bytes])
        try require(BodyReading(input.pieces) == whole, "the body depends on how the bytes were cut")
        try require(whole.body.count <= input.bytes.count, "a body is longer than its chunks")
    }
}

/// What a decoder made of a chunked body.
private struct BodyReading: Equatable {
    private(set) var body: [UInt8] = []
    private var consumed = 0
    private var hasEnded = false
    private var error: RequestError?

    init(_ pieces: [[UInt8]]) {
        do throws(RequestError) {
            var decoder = try BodyDecoder(.chunked, limits: HTTPLimits())
            for piece in pieces where !hasEnded { try readAll(piece, with: &decoder) }
        } catch {
            // How far it came before the error may depend on the cut.
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
