import Testing

@testable import HTTPServer

@Suite struct TimeOutTests {
    @Test func `a head that comes too slowly is answered 408`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.send("GET / HTTP/1.1\r\nHost")
            #expect(try server.passTime(until: client) >= 10)
            let answer = try client.answer()
            #expect(answer.status == 408)
            #expect(answer["connection"] == "close")
            #expect(answer.text.contains("request_timeout"))
            client.finishSending()
            #expect(try client.isEnded())
        }
    }

    /// The time counts from the first byte: a byte now and then buys nothing.
    @Test func `a head that drips is answered 408 too`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.send("GET / HTTP/1.1\r\nX: ")
            for _ in 0..<15_000 where !client.isReadable(milliseconds: 4) {
                try client.send("x")
                server.clock.advance(seconds: 1)
            }
            #expect(try client.answer().status == 408)
        }
    }

    @Test func `an idle connection is closed without a word`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.request("GET", "/1")
            #expect(try client.answer().text == "GET /1")
            let seconds = try server.passTime(until: client)
            #expect(seconds >= 75)
            #expect(try client.isEnded())
        }
    }

    @Test func `a connection that never says anything is closed`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try await server.until("it is there") { $0.connectionCount == 1 }
            #expect(try server.passTime(until: client) >= 75)
            #expect(try client.isEnded())
        }
    }

    @Test func `a handler may take as long as it needs`() async throws {
        let mayEnd = Observed(false)
        try await LoopbackServer.with { _, reactor in
            await mayEnd.becomesTrue(reactor)
            return .text("done")
        } _: { server in
            let client = try server.connect()
            try client.request("GET", "/")
            for _ in 0..<10 where !client.isReadable(milliseconds: 5) { server.clock.advance(seconds: 1_000) }
            mayEnd.value = true
            #expect(try client.answer().text == "done")
        }
    }

    @Test func `a client that ignores the end of its connection is left after the linger`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.request("GET", "/", "Connection: close")
            #expect(try client.answer().status == 200)
            #expect(try client.isEnded())
            for _ in 0..<15_000 where try await server.ask({ $0.connectionCount }) > 0 {
                server.clock.advance(seconds: 1)
                try await Task.sleep(for: .milliseconds(4))
            }
            #expect(try await server.ask { $0.connectionCount } == 0)
        }
    }
}
