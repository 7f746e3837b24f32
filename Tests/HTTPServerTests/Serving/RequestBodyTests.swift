import EventLoop
import Kernel
import Testing

@testable import HTTPServer

@Suite struct RequestBodyTests {
    @Test func `a chunked body arrives whole, however it is cut`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.beginPost("/", "Transfer-Encoding: chunked")
            for piece in ["4\r", "\nWi", "ki\r\n5;x=y\r\npe", "dia\r\n0", "\r\nX-Sum: 1\r\n", "\r\n"] {
                try client.send(piece)
                try await Task.sleep(for: .milliseconds(2))
            }
            #expect(try client.answer().text == "Wikipedia")
            try client.request("GET", "/2")
            #expect(try client.answer().text == "GET /2")
        }
    }

    /// 64 MB are sent to a handler that takes nothing: the kernel's buffers fill, ours do not.
    @Test func `a handler that reads slowly slows the client, and memory stays bounded`() async throws {
        let mayRead = Observed(false)
        let sum = Observed((bytes: 0, hash: UInt64(0)))
        let body = pattern(64 << 20)
        try await LoopbackServer.with(.test { $0.http.bodyBytes = body.count }) { request, reactor in
            do throws(BodyError) {
                guard let first = try await request.body.next() else { return .text("empty") }
                sum.change { $0 = ($0.bytes + first.count, hash(first, $0.hash)) }
                await mayRead.becomesTrue(reactor)
                while let part = try await request.body.next() {
                    sum.change { $0 = ($0.bytes + part.count, hash(part, $0.hash)) }
                }
                return .text("\(sum.value.bytes)")
            } catch {
                return refusal(error)
            }
        } _: { server in
            let client = try server.connect()
            try client.beginPost("/", "Content-Length: \(body.count)")
            let taken = client.sendUntilFull(body)
            #expect(taken < body.count)
            let held = try await server.ask { $0.connections.values.map(\.heldBytes).max() ?? 0 }
            #expect(held <= 128 * 1_024)
            mayRead.value = true
            try client.send(Array(body[taken...]))
            #expect(try client.answer().text == "\(body.count)")
            #expect(sum.value.hash == hash(body, 0))
        }
    }

    @Test func `a body that stalls is given up, and the answer says why`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.beginPost("/", "Content-Length: 10")
            try client.send("12345")
            let seconds = try server.passTime(until: client)
            #expect(seconds >= 30)
            let answer = try client.answer()
            #expect(answer.status == 408)
            #expect(answer["connection"] == "close")
            try server.passTime(until: client)
            #expect(try client.isEnded())
        }
    }

    @Test func `a slow body goes on as long as something comes`() async throws {
        let seen = Observed(0)
        try await LoopbackServer.with { request, _ in
            do throws(BodyError) {
                while let part = try await request.body.next() { seen.change { $0 += part.count } }
                return .text("\(seen.value)")
            } catch {
                return refusal(error)
            }
        } _: { server in
            let client = try server.connect()
            try client.beginPost("/", "Content-Length: 20")
            for count in 1...20 {
                try client.send("x")
                try await server.until("byte \(count) is read") { _ in seen.value == count }
                server.clock.advance(seconds: 29)
                // Time for the sweep to look at the deadlines: were it wrong, the body would end here.
                try await Task.sleep(for: .milliseconds(6))
            }
            #expect(try client.answer().text == "20")
        }
    }

    @Test func `a body that is wanted as a whole does not trickle in for ever`() async throws {
        let seen = Observed(0)
        try await LoopbackServer.with { request, _ in
            request.body.isWelcome = {
                seen.change { $0 += 1 }
                return true
            }
            return await collected(request, limit: 1 << 20)
        } _: { server in
            let client = try server.connect()
            try client.beginPost("/", "Content-Length: 20")
            for count in 1...7 {
                #expect(!client.isReadable(milliseconds: 1))
                try client.send("x")
                try await server.until("byte \(count) is read") { _ in seen.value == count }
                server.clock.advance(seconds: 19)
            }
            #expect(try client.answer().status == 408)
        }
    }

    @Test(arguments: [
        ("Content-Length: 1048577", "", "1048576"),
        ("Transfer-Encoding: chunked", "100001\r\n", "1048576"),
        ("Content-Length: 16777217", "", "too large"),
    ])
    func `a body above a limit is refused before it is read`(
        framing: String, chunk: String, said: String
    ) async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.beginPost("/", framing)
            try client.send(chunk)
            let answer = try client.answer()
            #expect(answer.status == 413)
            #expect(answer.text.contains(said))
            #expect(answer["connection"] == "close")
            client.finishSending()
            #expect(try client.isEnded())
        }
    }

    @Test func `a chunk that breaks the rules ends the connection after its answer`() async throws {
        try await LoopbackServer.with(respond: echo) { server in
            let client = try server.connect()
            try client.beginPost("/", "Transfer-Encoding: chunked")
            try client.send("3\r\nabc\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = try client.answer()
            #expect(answer.status == 400)
            #expect(answer["connection"] == "close")
            client.finishSending()
            #expect(try client.isEnded())
        }
    }

    @Test func `a client that leaves in the middle of a body is told to the handler`() async throws {
        let failure = Observed<BodyError?>(nil)
        try await LoopbackServer.with { request, _ in
            do throws(BodyError) {
                while try await request.body.next() != nil {}
            } catch {
                failure.value = error
            }
            return .text("late")
        } _: { server in
            let client = try server.connect()
            try client.beginPost("/", "Content-Length: 10")
            try client.send("12345")
            client.reset()
            try await server.until("the connection is gone") { $0.connectionCount == 0 }
            #expect(failure.value == .disconnected)
        }
    }

    @Test func `a little of a body that nobody reads is skipped`() async throws {
        try await LoopbackServer.with { request, _ in
            .text(request.head.path)
        } _: { server in
            let client = try server.connect()
            try client.post("/1", pattern(200_000))
            #expect(try client.answer().text == "/1")
            try client.request("GET", "/2")
            #expect(try client.answer().text == "/2")
        }
    }

    @Test func `the answer does not wait for a body that nobody reads`() async throws {
        try await LoopbackServer.with { _, _ in
            Response(.unauthorized)
        } _: { server in
            let client = try server.connect()
            try client.beginPost("/", "Content-Length: 10")
            #expect(try client.answer().status == 401)
        }
    }

    /// Closing at once would reset the connection, and the answer would be lost with it.
    @Test func `a client that sends on gets the early answer, then the end`() async throws {
        try await LoopbackServer.with { _, _ in
            Response(.unauthorized)
        } _: { server in
            let client = try server.connect()
            let body = pattern(300 * 1_024)
            try client.beginPost("/", "Content-Length: 16000000")
            try client.send(body)
            #expect(try client.answer().status == 401)
            client.finishSending()
            #expect(try client.isEnded())
        }
    }

    @Test func `a client that sends on for too long is let go`() async throws {
        try await LoopbackServer.with { _, _ in
            Response(.unauthorized)
        } _: { server in
            let client = try server.connect()
            try client.beginPost("/", "Content-Length: 16000000")
            _ = client.sendUntilFull(pattern(40 << 20))
            try await server.until("the connection is gone") { $0.connectionCount == 0 }
        }
    }
}

/// FNV-1a, to compare what was sent with what came.
private func hash(_ bytes: [UInt8], _ start: UInt64) -> UInt64 {
    bytes.withUnsafeBufferPointer { buffer in
        var hash = start
        for byte in buffer { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }
}
