import COpenSSL
import EventLoop
import Testing

@testable import HTTPServer

@Suite struct TLSTests {
    /// Says whether the request came through TLS; `/bytes/N` gives N bytes, POST gives its body back.
    @Sendable private static func respond(_ request: Request, _ reactor: Reactor) async -> Response {
        request.head.path == "/tls" ? .text("\(request.isTLS)") : await echo(request, reactor)
    }

    private static func with(_ body: (LoopbackServer, TestCertificate) async throws -> Void) async throws {
        let certificate = try TestCertificate(serial: 1)
        try await LoopbackServer.with(tls: certificate, respond: respond) { server in
            try await body(server, certificate)
        }
    }

    @Test(arguments: [(TLS1_2_VERSION, "TLSv1.2"), (TLS1_3_VERSION, "TLSv1.3")])
    func `requests are served through TLS`(version: Int32, name: String) async throws {
        try await Self.with { server, _ in
            let channel = try TLSChannel(server.address, newest: version)
            #expect(channel.version == name)
            let client = TestClient(channel)
            try client.request("GET", "/tls")
            #expect(try client.answer().text == "true")
            // Larger than every buffer, both ways.
            let body = pattern(900_000)
            try client.post("/", body)
            #expect(try client.answer().body == body)
            try client.request("GET", "/bytes/5000000")
            #expect(try client.answer().body == pattern(5_000_000))
        }
    }

    @Test func `TLS 1_1 is refused`() async throws {
        try await Self.with { server, _ in
            #expect(throws: TestFailure.self) { try TLSChannel(server.address, newest: TLS1_1_VERSION) }
            try await server.until("it is gone") { $0.connectionCount == 0 }
        }
    }

    @Test func `many requests in one record are answered in order`() async throws {
        try await Self.with { server, _ in
            let client = TestClient(try TLSChannel(server.address))
            try client.send((0..<200).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
            for number in 0..<200 { #expect(try client.answer().text == "GET /\(number)") }
        }
    }

    @Test func `a renewed certificate is for new connections, and open ones go on`() async throws {
        try await Self.with { server, certificate in
            let channel = try TLSChannel(server.address)
            let client = TestClient(channel)
            #expect(channel.serial == 1)
            try certificate.renew(serial: 2)
            try await server.worker.run { worker in
                worker.resident(Server.self)?.tls = try certificate.context()
            }
            #expect(try TLSChannel(server.address).serial == 2)
            try client.request("GET", "/tls")
            #expect(try client.answer().text == "true")
            #expect(channel.serial == 1)
        }
    }

    @Test func `a key that is not the certificate's is refused with a reason`() throws {
        let certificate = try TestCertificate(serial: 1)
        let other = try TestCertificate(serial: 2)
        let failure = #expect(throws: TLSContext.Failure.self) {
            try TLSContext(certificate: certificate.certificatePath, key: other.keyPath)
        }
        #expect(failure?.description.contains("key values mismatch") == true)
        let missing = #expect(throws: TLSContext.Failure.self) {
            try TLSContext(certificate: certificate.certificatePath + "x", key: certificate.keyPath)
        }
        #expect(missing?.description.contains("No such file") == true)
    }

    @Test func `plain HTTP to a TLS port gets nothing and is closed`() async throws {
        try await Self.with { server, _ in
            let client = try server.connect()
            try client.request("GET", "/tls")
            client.finishSending()
            let rest = (try? client.rest()) ?? []
            #expect(!rest.starts(with: Array("HTTP".utf8)))
            try await server.until("it is gone") { $0.connectionCount == 0 }
        }
    }

    @Test func `a handshake that does not go on ends by its time-out`() async throws {
        try await Self.with { server, _ in
            let client = try server.connect()
            // The beginning of a ClientHello.
            try client.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
            try server.passTime(until: client)
            _ = try? client.rest()
            try await server.until("it is gone") { $0.connectionCount == 0 }
        }
    }

    @Test func `a client that closes without a goodbye has left`() async throws {
        try await Self.with { server, _ in
            var client: TestClient? = TestClient(try TLSChannel(server.address))
            try client?.request("GET", "/tls")
            #expect(try client?.answer().text == "true")
            client = nil
            try await server.until("it is gone") { $0.connectionCount == 0 }
        }
    }

    @Test func `a body cut without a goodbye is cut`() async throws {
        try await Self.with { server, _ in
            let channel = try TLSChannel(server.address)
            let client = TestClient(channel)
            try client.beginPost("/", "Content-Length: 10")
            try client.send("12345")
            client.finishSending()
            let answer = try client.answer()
            #expect(answer.status == 400)
            #expect(answer.text == "disconnected")
        }
    }

    @Test func `a client's goodbye is a half-close, and ours is sent`() async throws {
        try await Self.with { server, _ in
            let channel = try TLSChannel(server.address)
            let client = TestClient(channel)
            try client.request("GET", "/tls", "Connection: close")
            channel.sayGoodbye()
            #expect(try client.answer().text == "true")
            #expect(try client.isEnded())
            #expect(channel.hasProperEnd)
        }
    }

    @Test func `new keys in the middle of a stream do not end it`() async throws {
        let isEnded = Observed(false)
        let certificate = try TestCertificate(serial: 1)
        try await LoopbackServer.with(tls: certificate) { _, reactor in
            Response(
                .ok,
                body: .stream { writer in
                    writer.onEnd { isEnded.value = true }
                    while !isEnded.value {
                        try await writer.write([0x2E])
                        await reactor.sleep(nanoseconds: 1_000_000)
                    }
                })
        } _: { server in
            let channel = try TLSChannel(server.address)
            let client = TestClient(channel)
            try client.request("GET", "/")
            _ = try client.answerHead()
            try channel.changeKeys()
            for _ in 0..<50 { #expect(try client.chunk() == [0x2E]) }
            #expect(!isEnded.value)
            isEnded.value = true
        }
    }
}
