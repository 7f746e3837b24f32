import EventLoop
import Kernel
import Testing

@testable import HTTPClient

@Suite struct TLSTests {
    private func get(_ host: String, _ server: OpenSSLServer, authority: String?) async throws
        -> OutgoingError?
    {
        var settings = HTTPClient.Settings.forTests
        settings.certificateAuthorityFile = authority
        let room = try await ClientRoom(.answering([["127.0.0.1"]]), settings: settings)
        defer { room.stop() }
        let url = try OutgoingURL("https://\(host):\(server.port)/", allowance: .privateReceivers)
        return await room.failure(
            of: OutgoingRequest(.get, url, allowance: .privateReceivers, mayResend: true))
    }

    @Test func `a certificate must come from a trusted authority and name the host`() async throws {
        let server = try OpenSSLServer()
        defer { server.stop() }
        #expect(try await get("hook.example", server, authority: server.authority) == nil)
        #expect(try await get("127.0.0.1", server, authority: server.authority) == nil)
        for (host, authority) in [("other.example", server.authority), ("hook.example", nil)] {
            let failure = try await get(host, server, authority: authority)
            #expect(failure?.description.hasPrefix("TLS") == true, "\(String(describing: failure))")
            #expect(failure?.mayHaveBeenReceived == false)
        }
    }

    @Test func `a receiver that wants a certificate gets ours, and refuses whoever shows none or another`()
        async throws
    {
        let server = try OpenSSLServer(wantsCertificate: true)
        defer { server.stop() }
        let other = try OpenSSLServer()
        defer { other.stop() }
        var settings = HTTPClient.Settings.forTests
        settings.certificateAuthorityFile = server.authority
        let room = try await ClientRoom(.answering([["127.0.0.1"]]), settings: settings)
        defer { room.stop() }
        func failure(_ shown: OpenSSLServer?) async throws -> OutgoingError? {
            let url = try OutgoingURL("https://hook.example:\(server.port)/", allowance: .privateReceivers)
            var request = OutgoingRequest(.get, url, allowance: .privateReceivers, mayResend: true)
            request.clientCertificate = shown.map { $0.pair }
            return await room.failure(of: request)
        }
        #expect(try await failure(server) == nil)
        for wrong in [nil, other] {
            let failure = try await failure(wrong)
            #expect(failure?.description.hasPrefix("TLS") == true, "\(String(describing: failure))")
            #expect(failure?.mayHaveBeenReceived == false)
        }
        #expect(try await failure(server) == nil)
    }

    @Test func `a request may name whom its receiver's certificate must come from`() async throws {
        let server = try OpenSSLServer(wantsCertificate: true)
        defer { server.stop() }
        let other = try OpenSSLServer()
        defer { other.stop() }
        let room = try await ClientRoom(.answering([["127.0.0.1"]]))
        defer { room.stop() }
        func failure(_ authority: OpenSSLServer?) async throws -> OutgoingError? {
            let url = try OutgoingURL("https://hook.example:\(server.port)/", allowance: .privateReceivers)
            var request = OutgoingRequest(.get, url, allowance: .privateReceivers, mayResend: true)
            request.clientCertificate = server.pair
            request.authority = authority.map { String(decoding: $0.pair.certificate, as: UTF8.self) }
            return await room.failure(of: request)
        }
        #expect(try await failure(server) == nil)
        for wrong in [nil, other] {
            let failure = try await failure(wrong)
            #expect(failure?.description.hasPrefix("TLS") == true, "\(String(describing: failure))")
        }
        #expect(try await failure(server) == nil)
    }

    @Test func `an authority file that is not there fails closed`() async throws {
        let server = try OpenSSLServer()
        defer { server.stop() }
        let failure = try await get("hook.example", server, authority: "/nonexistent/ca.pem")
        #expect(failure?.description.hasPrefix("TLS") == true, "\(String(describing: failure))")
    }
}

extension TLSTests {
    /// The server takes a second connection only when the first is over: an order that connected anew would
    /// not be answered. TLS 1.3 sends session tickets, which are no byte that nobody asked for.
    @Test func `orders go out on a kept connection over TLS, too`() async throws {
        let server = try OpenSSLServer(keeps: true)
        defer { server.stop() }
        let threads = try OffLoop(threads: 1, limit: 4, name: "tls")
        defer { threads.stop() }
        var settings = HTTPClient.Settings.forTests
        settings.certificateAuthorityFile = server.authority
        let room = try await ClientRoom(settings: settings)
        defer { room.stop() }
        let url = try OutgoingURL("https://127.0.0.1:\(server.port)/", allowance: .privateReceivers)
        for mayResend in [true, false, false, false] {
            var request = OutgoingRequest(
                .post, url, body: Array("the order".utf8), allowance: .privateReceivers, mayResend: mayResend)
            request.timeLimits = .init(connect: .seconds(60), total: .seconds(60))
            let order = request
            async let status = room.send(order).status
            try await threads.run { try server.answer(whenComes: "the order") }
            #expect(try await status == 200)
        }
    }
}

@Suite struct ResolverTests {
    @Test func `the system's resolver gives all addresses of a name, off the loop`() async throws {
        let threads = try OffLoop(threads: 2, limit: 16, name: "dns")
        defer { threads.stop() }
        let addresses = try await Resolver.system(threads).addresses("localhost")
        #expect(!addresses.isEmpty && addresses.allSatisfy(\.isLoopback))
        await #expect(throws: Resolver.Failure.self) {
            try await Resolver.system(threads).addresses("name.invalid")
        }
    }
}
