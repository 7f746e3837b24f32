import Testing

@testable import HTTPServer

/// T20 on the wire: what is ambiguous gets one answer, then the connection ends; what follows it in the
/// stream is never taken for a request.
@Suite struct SmugglingOverSocketTests {
    @Test func `T20: every stream of the corpus is answered as its verdict says`() async throws {
        try await LoopbackServer.with { request, _ in
            do throws(BodyError) {
                let body = try await request.body.collect(limit: 1 << 24)
                return .text(Self.transcript(of: request, body))
            } catch {
                return refusal(error)
            }
        } _: { server in
            for sample in SmugglingCase.all {
                let client = try server.connect()
                try? client.send(sample.bytes)
                client.finishSending()
                let answers = try Self.answers(client)
                #expect(answers == Self.expected(sample.verdict), "\(sample.name)")
            }
            try await server.until("all are gone") { $0.connectionCount == 0 }
        }
    }

    @Test func `T20: nothing behind a refused request is served`() async throws {
        let served = Observed<[String]>([])
        try await LoopbackServer.with { request, _ in
            served.change { $0.append(request.head.path) }
            return await collected(request, limit: 1 << 24)
        } _: { server in
            for sample in SmugglingCase.all where sample.isRefused {
                let client = try server.connect()
                let smuggled = Array("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
                try? client.send(sample.bytes + smuggled + smuggled)
                client.finishSending()
                _ = try client.rest()
            }
            #expect(!served.value.contains("/smuggled"))
        }
    }

    private static func transcript(of request: Request, _ body: [UInt8]) -> String {
        let target = request.head.path + (request.head.query.map { "?" + $0 } ?? "")
        let content = body.isEmpty ? "" : " =" + String(decoding: body, as: UTF8.self)
        return "\(request.head.method.name) \(target)\(content)"
    }

    /// Each answer as its text, or its status when it is a refusal.
    private static func answers(_ client: TestClient) throws -> [String] {
        var answers: [String] = []
        while client.isReadable(milliseconds: 60_000), let answer = try? client.answer() {
            answers.append(answer.status == 200 ? answer.text : "\(answer.status)")
        }
        return answers
    }

    /// A verdict in the notation of `Transcript`, as answers.
    private static func expected(_ verdict: String) -> [String] {
        var answers: [String] = []
        var rest = verdict[...]
        while !rest.isEmpty {
            if let end = rest.firstRange(of: " .") {
                answers.append(String(rest[..<end.lowerBound]))
                rest = rest[end.upperBound...].drop { $0 == " " }
            } else if rest.hasPrefix("!") {
                let error = RequestError(rawValue: String(rest.dropFirst()))
                return answers + ["\(error?.status.code ?? 0)"]
            } else {
                // A head that is cut is no request; a body that is cut or broken belongs to one.
                let isTooLarge = rest.hasSuffix("!body_too_large")
                return rest == "…" ? answers : answers + [isTooLarge ? "413" : "400"]
            }
        }
        return answers
    }
}
