import Testing

@testable import HTTPServer

@Suite struct ContentCodingTests {
    private static let gzipBody = "Content-Encoding: gzip"

    private static func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
        try GzipEncoder().compress(bytes.span)
    }

    private static func gunzip(_ bytes: [UInt8]) throws -> [UInt8] {
        try GzipDecoder.decompress(bytes.span, limits: GzipLimits(decodedBytes: 1 << 24))
    }

    @Test func `a compressed body is read, by length and in chunks`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            let plain = pattern(100_000)
            let encoded = try Self.gzip(plain)
            try client.post("/", encoded, Self.gzipBody)
            #expect(try client.answer().body == plain)
            try client.beginPost("/", Self.gzipBody, "Transfer-Encoding: chunked")
            for start in stride(from: 0, to: encoded.count, by: 999) {
                let piece = encoded[start..<min(start + 999, encoded.count)]
                try client.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [13, 10])
            }
            try client.send("0\r\n\r\n")
            #expect(try client.answer().body == plain)
        }
    }

    @Test func `what decompresses to more than the endpoint takes is refused`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            // 1 MB is the limit; this is a little above it, and far below the limit of the ratio.
            try client.post("/", try Self.gzip(pattern((1 << 20) + 1)), Self.gzipBody)
            let answer = try client.answer()
            #expect(answer.status == 413)
            #expect(answer.text.contains("1048576"))
            try client.request("GET", "/2")
            #expect(try client.answer().text == "GET /2")
        }
    }

    @Test func `a bomb is refused by its ratio, before it has grown`() async throws {
        let most = Observed(0)
        try await LoopbackServer.with { request, _ in
            do throws(BodyError) {
                while let part = try await request.body.next() { most.change { $0 += part.count } }
                return .text("all of it")
            } catch {
                return refusal(error)
            }
        } _: { server in
            let client = try server.connect()
            try client.post("/", try Self.gzip([UInt8](repeating: 0x20, count: 50 << 20)), Self.gzipBody)
            let answer = try client.answer()
            #expect(answer.status == 413)
            #expect(answer.text.contains("ratio"))
            #expect(most.value < 4 << 20)
        }
    }

    @Test func `a body is decompressed no further than its endpoint takes`() async throws {
        let encoded = try Self.gzip([UInt8](repeating: 0x20, count: 1 << 20))
        let body = RequestBody(bytes: encoded, contentEncoding: "gzip")
        await #expect(throws: BodyError.tooLarge(limitBytes: 1_000)) { try await body.collect(limit: 1_000) }
        // A step of 16 KB is the least that is decompressed at once.
        let decoder = try GzipDecoder(limits: GzipLimits(decodedBytes: 1 << 30))
        decoder.limit(to: 1_000)
        var output: [UInt8] = []
        #expect(throws: GzipError.tooLarge) { try decoder.decode(encoded.span, into: &output) }
        #expect(output.count <= 1_000 + 16 * 1_024)
    }

    @Test(arguments: [
        ("gzip", 400), ("br", 415), ("gzip, gzip", 415), ("deflate", 415), ("identity", 200), ("x-gzip", 400),
    ])
    func `a body is what its Content-Encoding says, or it is refused`(
        coding: String, status: Int
    ) async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.post("/", Array("not gzip".utf8), "Content-Encoding: \(coding)")
            #expect(try client.answer().status == status)
        }
    }

    @Test func `a compressed body that ends early is refused`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.post("/", Array(try Self.gzip(pattern(1_000)).dropLast(9)), Self.gzipBody)
            let answer = try client.answer()
            #expect(answer.status == 400)
            #expect(answer.text.contains("truncated"))
        }
    }

    @Test(arguments: [
        ("gzip", 2_000, true), ("gzip, br;q=0.5", 2_000, true), ("*", 2_000, true),
        ("gzip;q=0", 2_000, false),
        ("identity", 2_000, false), ("gzip", 1_023, false), ("gzip;q=x", 2_000, false),
    ])
    func `an answer is compressed for those who take it, when it is worth it`(
        accept: String, count: Int, isCompressed: Bool
    ) async throws {
        let text = String(repeating: "candle ", count: 300).prefix(count)
        try await LoopbackServer.with { _, _ in
            .text(String(text))
        } _: { server in
            let client = try server.connect()
            try client.request("GET", "/", "Accept-Encoding: \(accept)")
            let answer = try client.answer()
            #expect((answer["content-encoding"] == "gzip") == isCompressed)
            #expect((answer["vary"] == "accept-encoding") == (count >= 1_024))
            #expect(try isCompressed ? Self.gunzip(answer.body) == Array(text.utf8) : answer.text == text)
            try client.request("HEAD", "/", "Accept-Encoding: \(accept)")
            #expect(try client.answer(to: "HEAD")["content-length"] == "\(answer.body.count)")
        }
    }

    @Test func `what is answered again is compressed once, for those who want that`() async throws {
        let kept = KeptBody(pattern(5_000))
        let encoded = kept.compressed(by: try GzipEncoder())
        #expect(try Self.gunzip(encoded) == pattern(5_000) && kept.heldBytes >= 5_000 + encoded.count)
        kept.compressed(by: try GzipEncoder()).withUnsafeBufferPointer { second in
            encoded.withUnsafeBufferPointer { #expect(second.baseAddress == $0.baseAddress) }
        }
        try await LoopbackServer.with { _, _ in
            Response(.ok, type: "application/json", body: .kept(KeptBody(pattern(5_000))))
        } _: { server in
            let client = try server.connect()
            try client.request("GET", "/", "Accept-Encoding: gzip")
            let compressed = try client.answer()
            #expect(compressed["content-encoding"] == "gzip" && compressed.body == encoded)
            try client.request("GET", "/")
            #expect(try client.answer().body == pattern(5_000))
            try client.request("HEAD", "/")
            #expect(try client.answer(to: "HEAD")["content-length"] == "5000")
        }
    }
}
