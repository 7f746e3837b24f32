import Testing

@testable import HTTPServer

@Suite struct MethodTests {
    @Test func `HEAD has the fields of GET and no body`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.request("HEAD", "/bytes/5000")
            let answer = try client.answer(to: "HEAD")
            #expect(answer.status == 200)
            #expect(answer["content-length"] == "5000")
            #expect(answer["content-type"] == "application/octet-stream")
            try client.request("GET", "/2")
            #expect(try client.answer().text == "GET /2")
        }
    }

    @Test func `HEAD of a stream tells no length and runs no stream`() async throws {
        let isRun = Observed(false)
        try await LoopbackServer.with { request, _ in
            guard request.head.path == "/stream" else { return .text("other") }
            return Response(.ok, type: "text/plain", body: .stream { _ in isRun.value = true })
        } _: { server in
            let client = try server.connect()
            try client.request("HEAD", "/stream")
            let answer = try client.answer(to: "HEAD")
            #expect(answer["content-length"] == nil)
            #expect(answer["transfer-encoding"] == "chunked")
            try client.request("GET", "/2")
            #expect(try client.answer().text == "other")
            #expect(!isRun.value)
        }
    }

    @Test func `OPTIONS of the server and of a path are requests like others`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            for target in ["*", "/v1/keys"] {
                try client.request("OPTIONS", target)
                #expect(try client.answer().text == "OPTIONS \(target)")
            }
        }
    }

    @Test(arguments: [HTTPStatus.noContent, .notModified])
    func `an answer that can have no body has none, whatever the handler gave`(
        status: HTTPStatus
    ) async throws {
        try await LoopbackServer.with { request, _ in
            request.head.path == "/1" ? Response(status, body: .bytes([0x78])) : .text("other")
        } _: { server in
            let client = try server.connect()
            try client.request("GET", "/1")
            let answer = try client.answer(to: "HEAD")
            #expect(answer.status == status.code)
            #expect(answer["content-length"] == nil)
            try client.request("GET", "/2")
            #expect(try client.answer().text == "other")
        }
    }

    @Test func `the client's request id is taken when it is harmless`() async throws {
        try await LoopbackServer.with { request, _ in
            .text(request.id)
        } _: { server in
            let client = try server.connect()
            for (sent, taken) in [
                ("abc-1_Z", "abc-1_Z"), ("a b", "req_test"), ("", "req_test"), ("é", "req_test"),
            ] {
                try client.request("GET", "/", "X-Request-Id: \(sent)")
                #expect(try client.answer().text == taken)
            }
        }
    }
}
