import EventLoop
import Kernel
import Testing

@testable import HTTPClient

/// A name server that changes its mind, asked by the system's own resolver over a socket.
@Suite struct RebindingTests {
    private let polite: @Sendable (Peer) -> Void = { peer in
        while peer.readRequest() != nil { peer.answer() }
    }

    private static let (here, metadata, elsewhere): (UInt32, UInt32, UInt32) = (
        0x7F00_0001, 0xA9FE_A9FE, 0x7F00_0002
    )

    @Test func `T18: a name that is rebound to a metadata address is refused when it is asked again`()
        async throws
    {
        let names = try NameServer(answers: [Self.here, Self.metadata])
        defer { names.stop() }
        let server = try ScriptedServer(polite)
        defer { server.stop() }
        var settings = HTTPClient.Settings.forTests
        // No kept connection carries the second request.
        settings.provenFor = .seconds(-1)
        let room = try await ClientRoom(.asking(names), settings: settings)
        defer { room.stop() }
        var request = try OutgoingRequest.post(to: server, host: "rebound.example")
        request.mayResend = false
        #expect(try await room.send(request).status == 200)
        #expect(await room.failure(of: request) == .refusedByPolicy(.metadata))
        #expect(server.requests.count == 1)
        #expect(names.questions == ["rebound.example", "rebound.example"])
    }

    @Test func `T18: a rebinding between check and connection finds nobody who asks again`() async throws {
        let names = try NameServer(answers: [Self.here, Self.elsewhere])
        defer { names.stop() }
        let server = try ScriptedServer(polite)
        defer { server.stop() }
        let trap = try ScriptedServer(at: Self.elsewhere, port: server.port, polite)
        defer { trap.stop() }
        let room = try await ClientRoom(.asking(names))
        defer { room.stop() }
        #expect(try await room.send(.post(to: server, host: "rebound.example")).status == 200)
        #expect(names.questions.count == 1)
        #expect(server.requests.count == 1 && trap.connections == 0)
    }

    @Test
    func `T18: a receiver at a name of an internal address is refused where only public ones are allowed`()
        async throws
    {
        let names = try NameServer(answers: [Self.here])
        defer { names.stop() }
        let server = try ScriptedServer(polite)
        defer { server.stop() }
        let room = try await ClientRoom(.asking(names))
        defer { room.stop() }
        let url = try OutgoingURL("https://inside.example/", allowance: .publicOnly)
        let request = OutgoingRequest(.post, url, allowance: .publicOnly, mayResend: true)
        #expect(await room.failure(of: request) == .refusedByPolicy(.privateAddress))
        #expect(server.connections == 0)
    }
}
