import EventLoop
import Glibc
import Testing

@testable import HTTPServer

@Suite struct HalfCloseTests {
    @Test func `a client that has finished sending gets its answers, then the end`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            client.finishSending()
            #expect(try client.answer().text == "GET /1")
            #expect(try client.answer().text == "GET /2")
            #expect(try client.isEnded())
        }
    }

    /// One readiness tells of both; a short read alone does not show the end.
    @Test func `an end that comes together with the last bytes is seen`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.request("GET", "/1")
            #expect(try client.answer().text == "GET /1")
            let isSent = Observed(false)
            // The loop sees nothing until both are there.
            try await server.ask { server in
                _ = server.reactor.schedule(afterNanoseconds: 0) { while !isSent.value { usleep(1_000) } }
            }
            try client.request("GET", "/2")
            client.finishSending()
            isSent.value = true
            #expect(try client.answer().text == "GET /2")
            #expect(try client.isEnded())
        }
    }

    @Test func `a body cut by the end is told as such`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.beginPost("/", "Content-Length: 10")
            try client.send("12345")
            client.finishSending()
            let answer = try client.answer()
            #expect(answer.status == 400)
            #expect(answer.text == "disconnected")
            #expect(answer["connection"] == "close")
            #expect(try client.isEnded())
        }
    }

    @Test func `a head cut by the end is no request`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.send("GET / HTTP/1.1\r\nHost")
            client.finishSending()
            #expect(try client.isEnded())
        }
    }
}
