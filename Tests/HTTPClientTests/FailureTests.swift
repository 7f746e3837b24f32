import Kernel
import Synchronization
import Testing

@testable import HTTPClient

@Suite struct FailureTests {
    private func failure(
        mayResend: Bool = true, total: Period = .seconds(30), _ script: @escaping @Sendable (Peer) -> Void
    ) async throws -> OutgoingError? {
        let server = try ScriptedServer(script)
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        return await room.failure(of: try .post(to: server, mayResend: mayResend, total: total))
    }

    private func answer(
        limits: OutgoingRequest.ResponseLimits = .init(), _ script: @escaping @Sendable (Peer) -> Void
    ) async throws -> OutgoingResponse {
        let server = try ScriptedServer(script)
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        var request = try OutgoingRequest.post(to: server)
        request.responseLimits = limits
        return try await room.send(request)
    }

    @Test func `what may leave no more when the connection stands is not sent`() async throws {
        let server = try ScriptedServer { peer in
            if let number = peer.readRequest() { Issue.record("request \(number) came") }
        }
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        var request = try OutgoingRequest.post(to: server)
        request.mayLeave = { false }
        let late = request
        let failure = await #expect(throws: OutgoingError.self) { try await room.send(late) }
        #expect(failure?.mayHaveBeenReceived == false)
        #expect(failure?.description.contains("too late") == true, "\(String(describing: failure))")
    }

    // MARK: Answers that are none

    @Test func `a connection that ends without an answer leaves the outcome unknown`() async throws {
        let failure = try await failure { peer in _ = peer.readRequest() }
        #expect(failure?.description.hasPrefix("no answer") == true, "\(String(describing: failure))")
        #expect(failure?.mayHaveBeenReceived == true)
    }

    @Test func `so does a reset`() async throws {
        let failure = try await failure { peer in
            _ = peer.readRequest()
            peer.resetOnClose()
        }
        #expect(failure?.description.hasPrefix("no answer") == true, "\(String(describing: failure))")
    }

    @Test func `so does a receiver that ends its half and goes on reading`() async throws {
        let failure = try await failure { peer in
            peer.endWriting()
            _ = peer.readRequest()
            peer.waitForEnd()
        }
        #expect(failure?.description.hasPrefix("no answer") == true, "\(String(describing: failure))")
    }

    @Test(arguments: ["hello\r\n\r\n", "SSH-2.0-OpenSSH\r\n", "\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n"])
    func `what is not HTTP is no answer`(greeting: String) async throws {
        let failure = try await failure { peer in
            _ = peer.readRequest()
            peer.write(greeting)
        }
        #expect(failure?.description.hasPrefix("no answer") == true, "\(String(describing: failure))")
    }

    @Test func `an answer whose body breaks off is told apart`() async throws {
        let failure = try await failure { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
        }
        #expect(failure == .cutAnswer(status: 200))
    }

    @Test func `a head without end is refused`() async throws {
        let failure = try await failure { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\n")
            for _ in 0..<100 { peer.write("X-Filler: \(String(repeating: "x", count: 1_000))\r\n") }
            peer.waitForEnd()
        }
        #expect(failure == .tooLarge)
    }

    // MARK: Answers at the limits

    @Test func `interim answers are passed over`() async throws {
        let answer = try await answer { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 103 Early Hints\r\nX-A: early\r\n\r\n")
            peer.answer("201 Created", headers: "X-A: late\r\n")
        }
        #expect(answer.status == 201)
        #expect(answer.header("X-A") == "late")
    }

    @Test func `a chunked answer is put together, its trailers dropped`() async throws {
        let answer = try await answer { peer in
            _ = peer.readRequest()
            peer.write(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: t\r\n\r\n"
            )
            peer.waitForEnd()
        }
        #expect(answer.body == Array("abcde".utf8))
        #expect(answer.header("X-T") == nil)
    }

    @Test func `of a long body the beginning is kept, and nobody waits for its end`() async throws {
        let answer = try await answer { peer in
            _ = peer.readRequest()
            peer.write(
                "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"
                    + String(repeating: "a", count: 40_000))
            peer.waitForEnd()
        }
        #expect(answer.status == 200)
        #expect(answer.body == Array(repeating: UInt8(ascii: "a"), count: 1_024))
        #expect(answer.isTruncated)
    }

    @Test func `a body within wider limits comes whole`() async throws {
        let body = String(repeating: "b", count: 300_000)
        let answer = try await answer(limits: .init(readBytes: 300_000, keptBytes: 300_000)) { peer in
            _ = peer.readRequest()
            peer.answer("200 OK", body)
            peer.waitForEnd()
        }
        #expect(answer.body == Array(body.utf8))
        #expect(!answer.isTruncated)
    }

    @Test func `a slow answer within the time limit is an answer`() async throws {
        let answer = try await answer { peer in
            _ = peer.readRequest()
            for byte in "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" { peer.write(String(byte)) }
        }
        #expect(answer.body == Array("ok".utf8))
    }

    // MARK: Time limits
    // They count from before there is a connection, which must not be what ran into them.

    @Test func `a receiver that never answers runs into the time limit`() async throws {
        let failure = try await failure(total: .seconds(3)) { peer in
            _ = peer.readRequest()
            peer.waitForEnd()
        }
        #expect(failure == .timeout(.answer))
        #expect(failure?.mayHaveBeenReceived == true)
    }

    @Test func `so does one that never ends`() async throws {
        let failure = try await failure(total: .seconds(3)) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
            peer.waitForEnd()
        }
        #expect(failure == .timeout(.answer))
    }

    @Test func `a TLS handshake that hangs is a connection that never stood`() async throws {
        let server = try ScriptedServer { peer in peer.waitForEnd() }
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        var request = try OutgoingRequest.post(to: server)
        request.url = try OutgoingURL("https://127.0.0.1:\(server.port)/", allowance: .privateReceivers)
        request.timeLimits.connect = .milliseconds(200)
        let failure = await room.failure(of: request)
        #expect(failure == .timeout(.connect))
        #expect(failure?.mayHaveBeenReceived == false)
    }

    @Test func `a name server that does not answer runs into the time limit`() async throws {
        let server = try ScriptedServer { peer in peer.waitForEnd() }
        defer { server.stop() }
        let room = try await ClientRoom(
            Resolver { _ in
                try await Task.sleep(for: .seconds(3_600))
                return []
            })
        defer { room.stop() }
        let request = try OutgoingRequest.post(to: server, host: "silent.invalid", total: .milliseconds(100))
        #expect(await room.failure(of: request) == .timeout(.resolve))
        #expect(server.connections == 0)
    }

    @Test func `a name that nobody answers for holds one thread of the resolver, not one for each request`()
        async throws
    {
        let server = try ScriptedServer { peer in peer.waitForEnd() }
        defer { server.stop() }
        let asked = Mutex(0)
        var settings = HTTPClient.Settings()
        settings.unansweredLifetime = .hours(1)
        let room = try await ClientRoom(
            Resolver { _ in
                asked.withLock { $0 += 1 }
                try await Task.sleep(for: .seconds(3_600))
                return []
            }, settings: settings)
        defer { room.stop() }
        for _ in 0..<3 {
            let request = try OutgoingRequest.post(
                to: server, host: "silent.invalid", total: .milliseconds(100))
            #expect(await room.failure(of: request) == .timeout(.resolve))
        }
        #expect(asked.withLock { $0 } == 1)
    }

    @Test func `a name that does not exist is told as such`() async throws {
        let server = try ScriptedServer { peer in peer.waitForEnd() }
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        let failure = await room.failure(of: try .post(to: server, host: "nowhere.invalid"))
        #expect(failure == .resolveFailed("no such name"))
    }
}

/// An order is sent at most once.
@Suite struct ResendTests {
    /// Answers the first request of all and then, on whichever connection, reads one more request and hangs
    /// up.
    private static func answersOnce(_ peer: Peer) {
        while let number = peer.readRequest() {
            guard number == 1 else { return }
            peer.answer()
        }
    }

    private static func resetsAfterOne(_ peer: Peer) {
        while let number = peer.readRequest() {
            guard number == 1 else { return peer.resetOnClose() }
            peer.answer()
        }
    }

    private func requestsSeen(
        secondMayResend: Bool, _ script: @escaping @Sendable (Peer) -> Void
    ) async throws -> (count: Int, connections: Int) {
        let server = try ScriptedServer(script)
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        #expect(try await room.send(.post(to: server)).status == 200)
        let failure = await room.failure(of: try .post(to: server, body: "order", mayResend: secondMayResend))
        guard case .noAnswer = failure else {
            Issue.record("\(String(describing: failure))")
            return (0, 0)
        }
        return (server.requests.filter { $0.hasSuffix("order") }.count, server.connections)
    }

    @Test func `libcurl sends a POST again by itself when a kept connection dies: the danger is real`()
        async throws
    {
        #expect(try await requestsSeen(secondMayResend: true, Self.answersOnce) == (2, 2))
        #expect(try await requestsSeen(secondMayResend: true, Self.resetsAfterOne) == (2, 2))
    }

    @Test func `what may not be sent again is sent once, on the very connection that dies`() async throws {
        #expect(try await requestsSeen(secondMayResend: false, Self.answersOnce) == (1, 1))
        #expect(try await requestsSeen(secondMayResend: false, Self.resetsAfterOne) == (1, 1))
    }

    @Test(arguments: [
        "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 407 Proxy\r\nProxy-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", "HTTP/1.1 200", "",
    ])
    func `no answer, however odd, makes it go out twice`(answer: String) async throws {
        let server = try ScriptedServer { peer in
            _ = peer.readRequest()
            peer.write(answer)
        }
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        _ = await room.failure(of: try .post(to: server, mayResend: false))
        #expect(server.requests.count == 1)
        #expect(server.connections == 1)
    }
}
