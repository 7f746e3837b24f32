import HTTPServer

extension FuzzTarget {
    /// Any bytes: bounded, and the same whole and in pieces. Our own streams: back to what they were, refused
    /// when they are cut or something follows.
    static let gzip = FuzzTarget(name: "Gzip") { input throws(Finding) in
        let input = CutInput(input)
        let whole = GzipReading([input.bytes])
        let pieces = GzipReading(input.pieces)
        // The ratio is looked at once a step of output, and steps differ with the cut.
        if whole.error != .ratioTooHigh, pieces.error != .ratioTooHigh {
            try require(whole == pieces, "the verdict depends on how the bytes were cut")
        }
        try require(
            whole.output.count <= GzipReading.limit + GzipReading.step, "more was decompressed than allowed")
        try checkOwn(input.bytes)
    }

    private static func checkOwn(_ plain: [UInt8]) throws(Finding) {
        guard let encoder = try? GzipEncoder() else { return }
        let encoded = encoder.compress(plain.span)
        let reading = GzipReading(encoded.map { [$0] })
        try require(reading.error == nil && reading.output == plain, "what was compressed does not come back")
        try require(GzipReading([Array(encoded.dropLast())]).error == .truncated, "a cut stream is whole")
        try require(GzipReading([encoded + [0]]).error == .trailingBytes, "rubbish behind a stream is taken")
    }
}

/// What a decoder made of a body. After an error, how far it came depends on the cut.
private struct GzipReading: Equatable {
    static let limit = 1 << 17
    /// The limit is looked at after each step of output.
    static let step = 16 * 1_024

    private(set) var output: [UInt8] = []
    private(set) var error: GzipError?

    init(_ pieces: [[UInt8]]) {
        do throws(GzipError) {
            let decoder = try GzipDecoder(limits: GzipLimits(decodedBytes: Self.limit))
            for piece in pieces { try decoder.decode(piece.span, into: &output) }
            try decoder.finish()
        } catch {
            self.error = error
        }
    }

    static func == (a: GzipReading, b: GzipReading) -> Bool {
        a.error == b.error && (a.error != nil || a.output == b.output)
    }
}
