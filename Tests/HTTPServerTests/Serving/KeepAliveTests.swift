import EventLoop
import Glibc
import Testing

@testable import HTTPServer

@Suite struct KeepAliveTests {
    @Test func `requests follow each other on one connection`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            for path in ["/1", "/2", "/3"] {
                try client.request("GET", path)
                let answer = try client.answer()
                #expect(answer.text == "GET \(path)")
                #expect(answer["connection"] == nil)
                #expect(answer["date"]?.hasSuffix("GMT") == true)
            }
            #expect(try await server.ask { $0.connectionCount } == 1)
        }
    }

    @Test func `many requests in one write are answered in order`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            let paths = (0..<500).map { "/\($0)" }
            try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
            for path in paths { #expect(try client.answer().text == "GET \(path)") }
        }
    }

    @Test func `pipelined bodies stay with their requests`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            let counted = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /"
            let chunked =
                "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            try client.send(counted + chunked + "GET /c HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.answer().text == "GET /")
            #expect(try client.answer().text == "abc")
            #expect(try client.answer().text == "GET /c")
        }
    }

    @Test func `an answer does not wait for the next request's handler`() async throws {
        let mayEnd = Observed(false)
        try await LoopbackServer.with { request, reactor in
            if request.head.path == "/slow" { await mayEnd.becomesTrue(reactor) }
            return await echo(request, reactor)
        } _: { server in
            let client = try server.connect()
            try client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try client.answer().text == "GET /1")
            mayEnd.value = true
            #expect(try client.answer().text == "GET /slow")
        }
    }

    @Test func `an answer does not wait for the next request's body`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.request("GET", "/1")
            try client.beginPost("/2", "Content-Length: 2")
            #expect(try client.answer().text == "GET /1")
            try client.send("hi")
            #expect(try client.answer().text == "hi")
        }
    }

    @Test func `a pipeline that never ends at a request's end needs no growing memory`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            // 4 MB in all, of requests whose ends never meet the ends of what is sent.
            let request =
                "GET /1 HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 4_000) + "\r\n\r\n"
            let half = request.count / 2
            try client.send(String(request.prefix(half)))
            for _ in 0..<1_000 {
                try client.send(String(request.dropFirst(half) + request.prefix(half)))
                #expect(try client.answer().status == 200)
            }
            let held = try await server.ask { $0.connections.values.map(\.heldBytes).max() }
            #expect(try #require(held) < 256 * 1_024)
        }
    }

    @Test func `one client's flood does not starve another`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            // Large requests with small answers: sent faster than they are read, so that no read has to wait.
            let field = "X: " + String(repeating: "x", count: 4_000)
            let flood = try Flood(of: "GET /1 HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n", to: server.address)
            defer { flood.stop() }
            for _ in 0..<60_000 where flood.receivedBytes < 500_000 { usleep(1_000) }
            #expect(flood.receivedBytes >= 500_000)
            let client = try server.connect()
            for _ in 0..<20 {
                try client.request("GET", "/2")
                #expect(try client.answer().text == "GET /2")
            }
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.0\r\n\r\n", "close", true),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "close", true),
    ])
    func `the connection ends when it is said`(request: String, option: String, ends: Bool) async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.send(request)
            #expect(try client.answer()["connection"] == option)
            if ends {
                #expect(try client.isEnded())
            } else {
                try client.request("GET", "/2")
                #expect(try client.answer().text == "GET /2")
            }
        }
    }
}
