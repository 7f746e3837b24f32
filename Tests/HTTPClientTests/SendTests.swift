import Kernel
import Testing

@testable import HTTPClient

/// Answers every request on a connection until the client closes it.
private func polite(_ peer: Peer) { while peer.readRequest() != nil { peer.answer() } }

@Suite struct SendTests {
    @Test func `a request goes out byte for byte, and its answer comes back`() async throws {
        let server = try ScriptedServer { peer in
            while peer.readRequest() != nil { peer.answer("202 Accepted", headers: "X-Trace: 7\r\n", "fine") }
        }
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        let answer = try await room.send(.post(to: server, path: "/a/../b/./c?x=%7e&empty=&y"))
        #expect(answer.status == 202)
        #expect(answer.header("x-trace") == "7")
        #expect(answer.body == Array("fine".utf8))
        #expect(!answer.isTruncated)
        #expect(
            server.requests == [
                "POST /a/../b/./c?x=%7e&empty=&y HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n"
                    + "User-Agent: Keybell\r\n"
                    + "Accept: */*\r\nAccept-Encoding: identity\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 5\r\n\r\nhello"
            ])
    }

    @Test(arguments: [
        (OutgoingMethod.get, ""), (.get, "body"), (.head, ""), (.post, ""), (.put, "body"), (.put, ""),
        (.patch, "body"),
        (.delete, ""), (.delete, "body"),
    ])
    func `every method goes out with its body and without headers of libcurl's own`(
        pair: (OutgoingMethod, String)
    ) async throws {
        let server = try ScriptedServer { peer in
            while peer.readRequest() != nil { peer.write("HTTP/1.1 204 No Content\r\n\r\n") }
        }
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        var request = try OutgoingRequest.post(to: server, body: pair.1)
        request.method = pair.0
        request.headers = []
        #expect(try await room.send(request).status == 204)
        let sent = try #require(server.requests.first)
        #expect(sent.hasPrefix("\(pair.0.rawValue) /hook HTTP/1.1\r\n"))
        #expect(sent.hasSuffix("\r\n\r\n\(pair.1)"))
        #expect(!sent.contains("Content-Type") && !sent.contains("Expect"))
    }

    @Test func `a large body is sent at once, without asking to continue`() async throws {
        let server = try ScriptedServer(polite)
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        let body = String(repeating: "x", count: 2_000_000)
        #expect(try await room.send(.post(to: server, body: body)).status == 200)
        #expect(server.requests.first?.hasSuffix(body) == true)
        #expect(server.requests.first?.contains("Expect") == false)
    }

    @Test(arguments: [
        OutgoingHeader("Host", "x"), OutgoingHeader("content-LENGTH", "1"),
        OutgoingHeader("Transfer-Encoding", "chunked"),
        OutgoingHeader("X Y", "1"), OutgoingHeader("", "1"), OutgoingHeader("X:", "1"),
        OutgoingHeader("X", "a\r\nY: b"),
        OutgoingHeader("X", "a\0"), OutgoingHeader("X\n", "a"),
        OutgoingHeader("X", String(repeating: "a", count: 20_000)),
    ])
    func `a header that could smuggle is refused before anything is sent`(header: OutgoingHeader) async throws
    {
        let server = try ScriptedServer(polite)
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        var request = try OutgoingRequest.post(to: server)
        request.headers.append(header)
        guard case .invalidRequest = await room.failure(of: request) else {
            Issue.record("\(header) was sent")
            return
        }
        #expect(server.connections == 0)
    }

    @Test func `an empty header value is sent as such`() async throws {
        let server = try ScriptedServer(polite)
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        var request = try OutgoingRequest.post(to: server)
        request.headers.append(OutgoingHeader("X-Empty", ""))
        _ = try await room.send(request)
        #expect(server.requests.first?.contains("\r\nX-Empty:\r\n") == true)
    }

    @Test func `connections are kept between requests, until they are given up`() async throws {
        let server = try ScriptedServer(polite)
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        for _ in 0..<5 { _ = try await room.send(.post(to: server)) }
        #expect(server.connections == 1)
        await room.closeIdleConnections()
        _ = try await room.send(.post(to: server))
        #expect(server.connections == 2)
        await room.setAddressGuard(AddressGuard())
        _ = try await room.send(.post(to: server))
        #expect(server.connections == 3)
        #expect(await room.inFlight() == 0)
    }

    @Test func `a connection that the receiver closed while it rested does not fail the next request`()
        async throws
    {
        let server = try ScriptedServer { peer in
            if peer.readRequest() != nil { peer.answer() }
        }
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        for _ in 0..<5 { #expect(try await room.send(.post(to: server)).status == 200) }
        #expect(server.connections == 5)
    }

    @Test func `five hundred requests are on their way at once`() async throws {
        let arrived = Gate(500)
        let server = try ScriptedServer { peer in
            guard peer.readRequest() != nil else { return }
            arrived.pass()
            peer.answer()
        }
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        let request = try OutgoingRequest.post(to: server)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<500 { group.addTask { try await room.send(request).status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 500))
        #expect(server.connections == 500)
        #expect(await room.inFlight() == 0)
    }

    @Test func `more requests than the limit are refused, not queued`() async throws {
        let release = Gate(2)
        let server = try ScriptedServer { peer in
            guard peer.readRequest() != nil else { return }
            release.pass()
            peer.answer()
        }
        defer { server.stop() }
        var settings = HTTPClient.Settings.forTests
        settings.inFlightLimit = 1
        let room = try await ClientRoom(settings: settings)
        defer { room.stop() }
        let request = try OutgoingRequest.post(to: server)
        async let first = room.send(request).status
        while server.requests.isEmpty { await Task.yield() }
        #expect(await room.failure(of: request) == .overloaded)
        release.pass()
        #expect(try await first == 200)
    }
}
