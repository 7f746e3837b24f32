import Testing

@testable import HTTPServer

@Suite struct DrainTests {
    @Test func `what is under way ends, what is idle is closed, what is new is refused`() async throws {
        let mayEnd = Observed(false)
        try await LoopbackServer.with { request, reactor in
            if request.head.path == "/slow" { await mayEnd.becomesTrue(reactor) }
            return await echo(request, reactor)
        } _: { server in
            let idle = try server.connect()
            try idle.request("GET", "/1")
            #expect(try idle.answer().status == 200)
            let fresh = try server.connect()
            let busy = try server.connect()
            try busy.request("GET", "/slow")
            try await server.until("all are in, and one is busy") { server in
                server.connectionCount == 3
                    && server.connections.values.count { $0.bodyState == .unread } == 1
            }
            let isDrained = await server.beginDrain(graceSeconds: 30)
            #expect(try idle.isEnded())
            #expect(try fresh.isEnded())
            #expect(throws: TestFailure.self) { try server.connect() }
            mayEnd.value = true
            let answer = try busy.answer()
            #expect(answer.text == "GET /slow")
            #expect(answer["connection"] == "close")
            busy.finishSending()
            #expect(try busy.isEnded())
            try await server.until("it has drained") { _ in isDrained.value }
            #expect(try await server.ask { $0.connectionCount } == 0)
        }
    }

    @Test func `an upload under way is taken to its end`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.beginPost("/", "Content-Length: 4", "Expect: 100-continue")
            #expect(try client.answer().status == 100)
            let isDrained = await server.beginDrain(graceSeconds: 30)
            try client.send("abcd")
            let answer = try client.answer()
            #expect(answer.text == "abcd")
            #expect(answer["connection"] == "close")
            client.finishSending()
            try await server.until("it has drained") { _ in isDrained.value }
        }
    }

    @Test func `when the grace is over, the rest is cut`() async throws {
        let mayEnd = Observed(false)
        try await LoopbackServer.with { request, reactor in
            await mayEnd.becomesTrue(reactor)
            return .text("too late")
        } _: { server in
            let client = try server.connect()
            try client.request("GET", "/")
            try await server.until("it is in") { $0.connections.values.contains { $0.bodyState == .unread } }
            await server.drain(graceSeconds: 0)
            mayEnd.value = true
            try await server.until("it is gone") { $0.connectionCount == 0 }
        }
    }
}
