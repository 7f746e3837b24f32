import HTTPServer
import Kernel
import Testing

@Suite struct GzipTests {
    private static let limits = GzipLimits(decodedBytes: 1 << 20)

    private static func text(_ count: Int) -> [UInt8] {
        let generator = SeededGenerator(seed: UInt64(count))
        let words = ["\"price\":", "41250.5", ",", "{", "}", "\"symbol\":\"BTC\"", "null", " "].map {
            Array($0.utf8)
        }
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += words[Int(generator.next() % 8)] }
        return Array(bytes.prefix(count))
    }

    private static func gzip(_ bytes: [UInt8], level: Int = 1) throws -> [UInt8] {
        try GzipEncoder(level: level).compress(bytes.span)
    }

    private static func gunzip(_ bytes: [UInt8], limits: GzipLimits = Self.limits) throws -> [UInt8] {
        try GzipDecoder.decompress(bytes.span, limits: limits)
    }

    @Test(arguments: [0, 1, 100, 16_384, 16_385, 200_000, 1 << 20])
    func `what is compressed comes back`(count: Int) throws {
        let plain = Self.text(count)
        #expect(try Self.gunzip(Self.gzip(plain)) == plain)
    }

    @Test func `an encoder can be used again, also after an unfinished stream`() throws {
        let encoder = try GzipEncoder()
        let plain = Self.text(5_000)
        var dropped: [UInt8] = []
        encoder.encode(plain.span, into: &dropped)
        let first = encoder.compress(plain.span)
        #expect(encoder.compress(plain.span) == first)
        #expect(try Self.gunzip(first) == plain)
    }

    @Test func `a flushed stream can be read so far`() throws {
        let encoder = try GzipEncoder()
        let decoder = try GzipDecoder(limits: Self.limits)
        var decoded: [UInt8] = []
        for line in ["data: one\n\n", "data: two\n\n"] {
            var encoded: [UInt8] = []
            let plain = Array(line.utf8)
            encoder.encode(plain.span, into: &encoded)
            encoder.flush(into: &encoded)
            try decoder.decode(encoded.span, into: &decoded)
            #expect(decoded.suffix(line.utf8.count) == Array(line.utf8)[...])
            #expect(throws: GzipError.truncated) { try decoder.finish() }
        }
        var last: [UInt8] = []
        encoder.finish(into: &last)
        try decoder.decode(last.span, into: &decoded)
        try decoder.finish()
    }

    @Test func `pieces decode as the whole, and members follow each other`() throws {
        let (first, second) = (Self.text(30_000), Self.text(777))
        let encoded = try Self.gzip(first) + Self.gzip([]) + Self.gzip(second)
        let generator = SeededGenerator(seed: 8)
        for longest: UInt64 in [1, 7, 900] {
            let decoder = try GzipDecoder(limits: Self.limits)
            var (decoded, start): ([UInt8], Int) = ([], 0)
            while start < encoded.count {
                let end = min(encoded.count, start + 1 + Int(generator.next() % longest))
                let piece = Array(encoded[start..<end])
                try decoder.decode(piece.span, into: &decoded)
                start = end
            }
            try decoder.finish()
            #expect(decoded == first + second)
        }
    }

    @Test func `a bomb is refused early`() throws {
        let bomb = try Self.gzip([UInt8](repeating: 0x20, count: 20 << 20), level: 9)
        let decoder = try GzipDecoder(limits: GzipLimits(decodedBytes: 1 << 30))
        var output: [UInt8] = []
        #expect(throws: GzipError.ratioTooHigh) { try decoder.decode(bomb.span, into: &output) }
        #expect(output.count < 4 << 20)
        #expect(throws: GzipError.ratioTooHigh) { try decoder.finish() }
    }

    @Test func `a short body of blanks is no bomb`() throws {
        let plain = [UInt8](repeating: 0x20, count: 60_000)
        #expect(try Self.gunzip(Self.gzip(plain)) == plain)
    }

    @Test func `the decompressed size is bounded to the byte`() throws {
        let encoded = try Self.gzip(Self.text(100_000))
        #expect(
            try Self.gunzip(encoded, limits: GzipLimits(decodedBytes: 100_000)).count
                == 100_000)
        #expect(throws: GzipError.tooLarge) {
            try Self.gunzip(encoded, limits: GzipLimits(decodedBytes: 99_999))
        }
    }

    @Test func `a cut stream is truncated at every byte`() throws {
        let encoded = try Self.gzip(Self.text(500))
        for count in 0..<encoded.count {
            #expect(throws: GzipError.truncated) {
                try Self.gunzip(Array(encoded[..<count]))
            }
        }
    }

    @Test func `rubbish is refused wherever it stands`() throws {
        var encoded = try Self.gzip(Self.text(500))
        #expect(throws: GzipError.trailingBytes) {
            try Self.gunzip(encoded + [0])
        }
        #expect(throws: GzipError.corrupt) {
            try Self.gunzip(encoded + [0x1F, 0x8B, 0x07, 0x00])
        }
        #expect(throws: GzipError.corrupt) {
            try Self.gunzip(Array("{}".utf8))
        }
        encoded[encoded.count - 5] ^= 1
        #expect(throws: GzipError.corrupt) { try Self.gunzip(encoded) }
    }

    @Test func `mutated streams never crash and never pass for another text`() throws {
        let plain = Self.text(2_000)
        let encoded = try Self.gzip(plain)
        let generator = SeededGenerator(seed: 9)
        for _ in 0..<1_000 {
            var bytes = encoded
            // Behind the header, whose fields (time, system) do not count.
            bytes[10 + Int(generator.next() % UInt64(bytes.count - 10))] ^= UInt8(1 + generator.next() % 255)
            let decoded = try? Self.gunzip(bytes)
            #expect(decoded == nil || decoded == plain)
        }
    }
}
