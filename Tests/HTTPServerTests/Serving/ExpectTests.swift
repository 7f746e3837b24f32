import Testing

@testable import HTTPServer

@Suite struct ExpectTests {
    private static let expect = "Expect: 100-continue"

    @Test func `a body that is wanted is asked for, once`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.beginPost("/", "Content-Length: 4", Self.expect)
            #expect(try client.answer().status == 100)
            try client.send("ab")
            try client.send("cd")
            let answer = try client.answer()
            #expect(answer.text == "abcd")
            #expect(answer["connection"] == nil)
            try client.request("GET", "/2")
            #expect(try client.answer().text == "GET /2")
        }
    }

    @Test func `a chunked body is asked for too`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.beginPost("/", "Transfer-Encoding: chunked", Self.expect)
            #expect(try client.answer().status == 100)
            try client.send("2\r\nab\r\n0\r\n\r\n")
            #expect(try client.answer().text == "ab")
        }
    }

    @Test func `a body that is too large is not asked for`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.beginPost("/", "Content-Length: 1048577", Self.expect)
            let answer = try client.answer()
            #expect(answer.status == 413)
            #expect(answer["connection"] == "close")
            #expect(try client.isEnded())
        }
    }

    @Test func `a body that nobody reads is not asked for, and the connection ends`() async throws {
        try await LoopbackServer.with { _, _ in
            Response(.unauthorized)
        } _: { server in
            let client = try server.connect()
            try client.beginPost("/", "Content-Length: 4", Self.expect)
            let answer = try client.answer()
            #expect(answer.status == 401)
            #expect(answer["connection"] == "close")
            #expect(try client.isEnded())
        }
    }

    @Test func `a client that does not wait is served, and its connection goes on`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.post("/", Array("abcd".utf8), Self.expect)
            let answer = try client.answer()
            #expect(answer.text == "abcd")
            #expect(answer["connection"] == nil)
            try client.request("GET", "/2")
            #expect(try client.answer().text == "GET /2")
        }
    }

    @Test func `another expectation is refused`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.beginPost("/", "Content-Length: 4", "Expect: 200-ok")
            #expect(try client.answer().status == 417)
            #expect(try client.isEnded())
        }
    }
}
