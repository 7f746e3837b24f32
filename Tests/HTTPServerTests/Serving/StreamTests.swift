import EventLoop
import Testing

@testable import HTTPServer

@Suite struct StreamTests {
    /// Ticks until it is ended; counts how often it was told so.
    private static func ticking(
        _ ends: Observed<Int>, _ failure: Observed<BodyError?> = Observed(nil)
    ) -> TestResponder {
        { request, reactor in
            guard request.head.path == "/events" else { return await echo(request, reactor) }
            return Response(
                .ok, type: "text/event-stream",
                body: .stream { writer in
                    let bell = Wakeup()
                    var isOver = false
                    writer.onEnd {
                        ends.change { $0 += 1 }
                        isOver = true
                        bell.wake()
                    }
                    do {
                        while !isOver, !writer.isDraining {
                            try await writer.write(Array(":\n\n".utf8))
                            let timer = reactor.schedule(afterNanoseconds: 2_000_000) { bell.wake() }
                            await bell.wait()
                            reactor.cancel(timer)
                        }
                    } catch {
                        failure.value = error as? BodyError
                        throw error
                    }
                })
        }
    }

    @Test func `a stream is sent in chunks, and the connection goes on after it`() async throws {
        try await LoopbackServer.with { request, reactor in
            guard request.head.path == "/stream" else { return await echo(request, reactor) }
            return Response(
                .ok, type: "text/plain",
                body: .stream { writer in
                    for text in ["one", "", "two"] { try await writer.write(Array(text.utf8)) }
                })
        } _: { server in
            let client = try server.connect()
            try client.request("GET", "/stream")
            let head = try client.answerHead()
            #expect(head["transfer-encoding"] == "chunked")
            #expect(head["content-length"] == nil)
            #expect(try client.chunk() == Array("one".utf8))
            #expect(try client.chunk() == Array("two".utf8))
            #expect(try client.chunk() == nil)
            try client.request("GET", "/2")
            #expect(try client.answer().text == "GET /2")
        }
    }

    @Test func `an HTTP 1_0 client gets the stream until the end of the connection`() async throws {
        try await LoopbackServer.with { _, _ in
            Response(.ok, body: .stream { writer in try await writer.write(Array("all".utf8)) })
        } _: { server in
            let client = try server.connect()
            try client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let answer = try client.answer()
            #expect(answer["transfer-encoding"] == nil)
            #expect(answer["connection"] == "close")
            #expect(answer.text == "all")
        }
    }

    @Test func `a stream that fails is cut, without its last chunk`() async throws {
        try await LoopbackServer.with { _, _ in
            Response(
                .ok,
                body: .stream { writer in
                    try await writer.write(Array("half".utf8))
                    throw TestFailure("the other half is missing")
                })
        } _: { server in
            let client = try server.connect()
            try client.request("GET", "/")
            _ = try client.answerHead()
            #expect(try client.rest() == Array("4\r\nhalf\r\n".utf8))
        }
    }

    @Test func `a slow reader slows the stream, and memory stays bounded`() async throws {
        let written = Observed(0)
        let piece = pattern(60_000)
        try await LoopbackServer.with { _, _ in
            Response(
                .ok,
                body: .stream { writer in
                    for _ in 0..<500 {
                        try await writer.write(piece)
                        written.change { $0 += piece.count }
                    }
                })
        } _: { server in
            let client = try server.connect(receiveBytes: 16_384)
            try client.request("GET", "/")
            var before = -1
            while written.value != before {
                before = written.value
                try await Task.sleep(for: .milliseconds(200))
            }
            #expect(before < 500 * piece.count)
            let held = try await server.ask { $0.connections.values.map(\.heldBytes).max() ?? 0 }
            #expect(held <= 128 * 1_024)
            let answer = try client.answer()
            #expect(answer.body.count == 500 * piece.count)
            #expect(answer.body.suffix(piece.count) == piece[...])
        }
    }

    @Test func `a stream is told that its client has left`() async throws {
        let ends = Observed(0)
        try await LoopbackServer.with(respond: Self.ticking(ends)) { server in
            var client: TestClient? = try server.connect()
            try client?.request("GET", "/events")
            #expect(try client?.answerHead().status == 200)
            client = nil
            try await server.until("the connection is gone") { $0.connectionCount == 0 }
            #expect(ends.value == 1)
        }
    }

    @Test func `a stream whose client crashed is told too`() async throws {
        let ends = Observed(0)
        try await LoopbackServer.with(respond: Self.ticking(ends)) { server in
            let client = try server.connect()
            try client.request("GET", "/events")
            #expect(try client.answerHead().status == 200)
            client.reset()
            try await server.until("the connection is gone") { $0.connectionCount == 0 }
            #expect(ends.value == 1)
        }
    }

    @Test func `what a client sends during a stream waits, and does not end it`() async throws {
        let ends = Observed(0)
        try await LoopbackServer.with(respond: Self.ticking(ends)) { server in
            let client = try server.connect()
            try client.request("GET", "/events")
            _ = try client.answerHead()
            #expect(try client.chunk() == Array(":\n\n".utf8))
            try client.request("GET", "/2")
            for _ in 0..<20 { #expect(try client.chunk() == Array(":\n\n".utf8)) }
            #expect(ends.value == 0)
        }
    }

    @Test func `a stream ends properly when the server drains`() async throws {
        let ends = Observed(0)
        try await LoopbackServer.with(respond: Self.ticking(ends)) { server in
            let client = try server.connect()
            try client.request("GET", "/events")
            _ = try client.answerHead()
            #expect(try client.chunk() == Array(":\n\n".utf8))
            await server.drain(graceSeconds: 30)
            while try client.chunk() != nil {}
            #expect(try client.isEnded())
            #expect(ends.value == 1)
        }
    }

    @Test func `a reader that takes nothing is let go, whatever it sends`() async throws {
        let failure = Observed<BodyError?>(nil)
        try await LoopbackServer.with { _, _ in
            Response(
                .ok,
                body: .stream { writer in
                    do {
                        while true { try await writer.write(pattern(60_000)) }
                    } catch {
                        failure.value = error as? BodyError
                        throw error
                    }
                })
        } _: { server in
            let client = try server.connect(receiveBytes: 16_384)
            try client.request("GET", "/")
            let start = server.clock.elapsed
            for _ in 0..<3_000 where try await server.ask({ $0.connectionCount }) > 0 {
                // One byte each 10 s: were it to count, the connection would stay for ever.
                try? client.send("x")
                server.clock.advance(seconds: 10)
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(try await server.ask { $0.connectionCount } == 0)
            #expect(server.clock.elapsed - start >= 30_000_000_000)
            #expect(failure.value == .disconnected)
        }
    }

    /// The sweep takes the buffers of idle connections; these answers are not idle.
    @Test func `answers that a slow reader has yet to take are never dropped`() async throws {
        let answered = Observed(0)
        try await LoopbackServer.with { request, reactor in
            answered.change { $0 += 1 }
            return await echo(request, reactor)
        } _: { server in
            let client = try server.connect(receiveBytes: 4_096)
            var sent = 0
            // One after the other, so that the connection waits for the next one when it cannot write on.
            repeat {
                try client.request("GET", "/bytes/60000")
                sent += 1
                let count = sent
                try await server.until("it is answered") { _ in answered.value == count }
            } while try await server.ask { $0.connections.values.allSatisfy { $0.heldBytes == 0 } }
            // Time for some sweeps.
            try await Task.sleep(for: .milliseconds(30))
            for _ in 0..<sent { #expect(try client.answer().body == pattern(60_000)) }
        }
    }
}
