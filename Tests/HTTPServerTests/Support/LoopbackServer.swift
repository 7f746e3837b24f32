import EventLoop
import Glibc
import Kernel
import Testing

@testable import HTTPServer

/// How a test answers; the reactor is for handlers that wait.
typealias TestResponder = @Sendable (Request, Reactor) async -> Response

/// A real server on a worker of its own, on a free port of loopback, with a clock that tests move.
struct LoopbackServer: Sendable {
    let worker: Worker
    let clock: VirtualClock
    let address: SocketAddress

    /// Runs `body` against a server, and ends it and its connections.
    static func with(
        _ limits: ServerLimits = .test, tls: TestCertificate? = nil, respond: @escaping TestResponder,
        _ body: (LoopbackServer) async throws -> Void
    ) async throws {
        // As the service does: OpenSSL's writes cannot say MSG_NOSIGNAL.
        signal(SIGPIPE, SIG_IGN)
        let worker = try Worker()
        worker.start(name: "http-test")
        defer { worker.stop() }
        let clock = VirtualClock()
        let address = try await worker.serve(limits, clock, tls, respond)
        do {
            try await body(LoopbackServer(worker: worker, clock: clock, address: address))
        } catch {
            await worker.closeServer()
            throw error
        }
        await worker.closeServer()
    }

    func connect(receiveBytes: Int32? = nil) throws -> TestClient {
        try TestClient(PlainChannel(address, receiveBytes: receiveBytes))
    }

    /// Lets virtual time pass in steps until the client has something to read (the end counts).
    /// - Returns: virtual seconds that it took.
    @discardableResult
    func passTime(until client: TestClient) throws -> Int {
        let start = clock.elapsed
        for _ in 0..<12_000 {
            if client.isReadable(milliseconds: 5) { return Int((clock.elapsed - start) / 1_000_000_000) }
            clock.advance(seconds: 1)
        }
        throw TestFailure("nothing came in a minute")
    }

    /// Waits until `condition` holds of the server's state.
    func until(
        _ what: String, _ condition: @escaping @Sendable (Server) -> Bool
    ) async throws {
        for _ in 0..<15_000 {
            if try await ask(condition) { return }
            try await Task.sleep(for: .milliseconds(4))
        }
        throw TestFailure("a minute has passed without: \(what)")
    }

    func ask<Answer: Sendable>(_ question: @escaping @Sendable (Server) -> Answer) async throws -> Answer {
        try await worker.run { worker in
            guard let server = worker.resident(Server.self) else { throw TestFailure("the server is gone") }
            return question(server)
        }
    }

    /// Begins to drain, and tells when it has: the test's thread may block meanwhile.
    func beginDrain(graceSeconds: Int64) async -> Observed<Bool> {
        let isDrained = Observed(false)
        await worker.run { worker in
            guard let server = worker.resident(Server.self) else { return }
            worker.spawn {
                await server.drain(graceNanoseconds: graceSeconds * 1_000_000_000)
                isDrained.value = true
            }
        }
        await worker.run { _ in }
        return isDrained
    }

    func drain(graceSeconds: Int64) async {
        await worker.run { worker in
            await worker.resident(Server.self)?.drain(graceNanoseconds: graceSeconds * 1_000_000_000)
        }
    }
}

extension Worker {
    fileprivate func serve(
        _ limits: ServerLimits, _ clock: VirtualClock, _ certificate: TestCertificate?,
        _ respond: @escaping TestResponder
    ) throws -> SocketAddress {
        let reactor = reactor
        let server = Server(
            limits: limits, reactor: reactor, clock: clock.clock, tls: try certificate?.context(),
            makeRequestID: { "req_test" }, spawn: { connection in self.spawn { await connection.serve() } },
            respond: { request in await respond(request, reactor) })
        settle(server)
        return try server.listen(on: .ip(IPAddress(v4: 0x7F00_0001), port: 0))
    }

    fileprivate func closeServer() async {
        await resident(Server.self)?.drain(graceNanoseconds: 0)
        evict(Server.self)
    }
}

extension ServerLimits {
    /// As in production, but looked at often, since time is virtual.
    static var test: ServerLimits {
        var limits = ServerLimits()
        limits.sweepNanoseconds = 2_000_000
        return limits
    }

    static func test(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
        var limits = ServerLimits.test
        change(&limits)
        return limits
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
