import EventLoop
import Kernel
import Testing

@testable import HTTPClient

/// An order goes out on a proven connection, and nothing proves that libcurl sends it once but the permission
/// that it must ask for.
@Suite struct ProvenLineTests {
    private static func polite(_ peer: Peer) { while peer.readRequest() != nil { peer.answer() } }

    /// Of how many connections a row of requests has need; false: one that may be sent once.
    private func connections(
        for row: [Bool], settings: HTTPClient.Settings = .forTests
    ) async throws -> Int {
        let server = try ScriptedServer(Self.polite)
        defer { server.stop() }
        let room = try await ClientRoom(settings: settings)
        defer { room.stop() }
        for mayResend in row {
            #expect(try await room.send(.post(to: server, mayResend: mayResend)).status == 200)
        }
        #expect(server.requests.count == row.count)
        return server.connections
    }

    @Test func `what may be sent once shares a connection that just carried a whole answer`() async throws {
        #expect(try await connections(for: [false, false, true, false, true]) == 1)
    }

    @Test func `one that rested too long carries it no more`() async throws {
        var settings = HTTPClient.Settings.forTests
        settings.provenFor = .seconds(-1)
        #expect(try await connections(for: [false, false, true, false], settings: settings) == 3)
    }

    /// Lets the server spoil the connection after its answer came, and tells on which connection, and how, an
    /// order is answered then.
    private func order(
        afterAnswer spoil: @escaping @Sendable (Peer) -> Void
    ) async throws -> (status: Int, connections: Int, requests: Int) {
        let (answered, spoilt) = (Gate(2), Gate(2))
        let server = try ScriptedServer { peer in
            while let number = peer.readRequest() {
                peer.answer()
                guard number == 1 else { continue }
                answered.pass()
                spoil(peer)
                spoilt.pass()
            }
        }
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        _ = try await room.send(.post(to: server))
        answered.pass()
        spoilt.pass()
        let status = try await room.send(.post(to: server, mayResend: false)).status
        return (status, server.connections, server.requests.count)
    }

    @Test func `one that the receiver ended meanwhile carries nothing, and nothing is lost`() async throws {
        #expect(try await order { peer in peer.endWriting() } == (200, 2, 2))
    }

    @Test func `a byte that nobody asked for is not taken for the answer to an order`() async throws {
        let late = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        #expect(try await order { peer in peer.write(late) } == (200, 2, 2))
    }

    @Test func `a second kept connection is no way round: the order that was swallowed is not sent there`()
        async throws
    {
        let both = Gate(2)
        let server = try ScriptedServer { peer in
            while let number = peer.readRequest() {
                // Two requests at once, so that two connections are kept; the third, the order, is swallowed.
                if number <= 2 { both.pass() }
                guard number <= 2 else { return }
                peer.answer()
            }
        }
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        let request = try OutgoingRequest.post(to: server)
        async let first = room.send(request).status
        async let second = room.send(request).status
        #expect(try await (first, second) == (200, 200))
        let failure = await room.failure(of: try .post(to: server, body: "order", mayResend: false))
        #expect(failure?.mayHaveBeenReceived == true, "\(String(describing: failure))")
        #expect(server.requests.filter { $0.hasSuffix("order") }.count == 1)
        #expect(server.connections == 2)
    }

    @Test func `many orders at once, some of them swallowed, each arrive once`() async throws {
        let server = try ScriptedServer { peer in
            while let number = peer.readRequest() {
                if number % 3 == 0 { return }
                peer.answer()
            }
        }
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        await withTaskGroup(of: Void.self) { group in
            for lane in 0..<16 {
                group.addTask {
                    for round in 0..<25 {
                        let order = try? OutgoingRequest.post(
                            to: server, body: "order \(lane) \(round).", mayResend: false)
                        if let order { _ = await room.failure(of: order) }
                    }
                }
            }
        }
        let bodies = server.requests.compactMap { $0.split(separator: "\r\n").last.map(String.init) }
        #expect(bodies.count == 400)
        #expect(Set(bodies).count == 400)
    }
}
