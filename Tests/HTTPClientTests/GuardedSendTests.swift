import EventLoop
import Kernel
import Synchronization
import Testing

@testable import HTTPClient

private func polite(_ peer: Peer) { while peer.readRequest() != nil { peer.answer() } }

/// Requests reach no internal address: not by what a name answers, not by a second answer, not by a redirect,
/// not by a kept connection.
@Suite struct GuardedSendTests {
    private func request(_ url: String, _ allowance: Allowance) throws -> OutgoingRequest {
        OutgoingRequest(
            .post, try OutgoingURL(url, allowance: allowance), allowance: allowance, mayResend: true)
    }

    @Test(arguments: MustRefuse.answers)
    func `T18: an internal address is refused as the answer of a name`(answer: String) async throws {
        let room = try await ClientRoom(.answering([[answer]]))
        defer { room.stop() }
        guard
            case .refusedByPolicy = await room.failure(of: try request("https://hook.example/", .publicOnly))
        else {
            Issue.record("\(answer) was not refused")
            return
        }
    }

    @Test(arguments: MustRefuse.answers)
    func `T18: an internal address is refused among good answers, wherever it stands`(answer: String)
        async throws
    {
        let good = "2606:4700:4700::1111"
        for answers in [[answer, good], [good, answer], [good, "1.1.1.1", answer]] {
            let room = try await ClientRoom(.answering([answers]))
            defer { room.stop() }
            guard
                case .refusedByPolicy = await room.failure(
                    of: try request("https://hook.example/", .publicOnly))
            else {
                Issue.record("\(answers) was not refused")
                return
            }
        }
    }

    @Test(arguments: MustRefuse.hosts)
    func `T18: a redirect to an internal address is an answer, not an order`(host: String) async throws {
        let server = try ScriptedServer { peer in
            while peer.readRequest() != nil {
                peer.answer("307 Temporary Redirect", headers: "Location: http://\(host):1/\r\n")
            }
        }
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        #expect(try await room.send(.post(to: server)).status == 307)
        #expect(server.requests.count == 1)
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `T18: no kind of redirect is followed, even to a server that would answer`(status: Int) async throws
    {
        let inner = try ScriptedServer(polite)
        defer { inner.stop() }
        let server = try ScriptedServer { peer in
            guard peer.readRequest() != nil else { return }
            peer.answer("\(status) Moved", headers: "Location: http://127.0.0.1:\(inner.port)/\r\n")
        }
        defer { server.stop() }
        let room = try await ClientRoom()
        defer { room.stop() }
        #expect(try await room.send(.post(to: server)).status == status)
        #expect(inner.connections == 0)
    }

    @Test func `T18: a name that answers well first and badly then is refused then`() async throws {
        let server = try ScriptedServer(polite)
        defer { server.stop() }
        let room = try await ClientRoom(.answering([["127.0.0.1"], ["127.0.0.1", "169.254.169.254"]]))
        defer { room.stop() }
        let request = try OutgoingRequest.post(to: server, host: "hook.example")
        #expect(try await room.send(request).status == 200)
        #expect(await room.failure(of: request) == .refusedByPolicy(.metadata))
        #expect(server.requests.count == 1)
    }

    @Test func `T18: one request asks once, and connects to what was judged`() async throws {
        let server = try ScriptedServer(polite)
        defer { server.stop() }
        let questions = Mutex(0)
        let resolver = Resolver { _ in
            questions.withLock { $0 += 1 }
            return [IPAddress(v4: 0x7F00_0001)]
        }
        let room = try await ClientRoom(resolver)
        defer { room.stop() }
        // Nobody else knows this name: an answer proves that libcurl used the pinned address.
        #expect(try await room.send(.post(to: server, host: "pinned.invalid")).status == 200)
        #expect(questions.withLock { $0 } == 1)
        #expect(server.requests.first?.contains("Host: pinned.invalid:\(server.port)\r\n") == true)
    }

    @Test func `T18: a pin does not outlive its request`() async throws {
        let first = try ScriptedServer(polite)
        defer { first.stop() }
        let second = try ScriptedServer(at: 0x7F00_0002, port: first.port, polite)
        defer { second.stop() }
        var settings = HTTPClient.Settings.forTests
        // No kept connection carries the second request: it asks for the name.
        settings.provenFor = .seconds(-1)
        let room = try await ClientRoom(.answering([["127.0.0.1"], ["127.0.0.2"]]), settings: settings)
        defer { room.stop() }
        var request = try OutgoingRequest.post(to: first, host: "moving.invalid")
        request.mayResend = false
        _ = try await room.send(request)
        _ = try await room.send(request)
        #expect(first.requests.count == 1)
        #expect(second.requests.count == 1)
    }

    @Test func `the next answer is tried when the first is closed`() async throws {
        let server = try ScriptedServer(polite)
        defer { server.stop() }
        let room = try await ClientRoom(.answering([["127.0.0.9", "127.0.0.1"]]))
        defer { room.stop() }
        #expect(try await room.send(.post(to: server, host: "two.invalid")).status == 200)
    }

    @Test func `our own address is refused under any allowance`() async throws {
        let server = try ScriptedServer(polite)
        defer { server.stop() }
        let own = SocketAddress.ip(IPAddress(v4: 0x7F00_0001), port: server.port)
        let room = try await ClientRoom(
            .answering([["127.0.0.1"]]), addressGuard: AddressGuard(ownAddresses: [own]))
        defer { room.stop() }
        #expect(await room.failure(of: try .post(to: server)) == .refusedByPolicy(.ownAddress))
        #expect(
            await room.failure(of: try .post(to: server, host: "us.invalid")) == .refusedByPolicy(.ownAddress)
        )
        #expect(server.connections == 0)
    }

    @Test func `refused, closed and unknown read the same outside and differ in the log`() async throws {
        let server = try ScriptedServer(polite)
        server.stop()
        let room = try await ClientRoom(.answering([["169.254.169.254"], []]))
        defer { room.stop() }
        let refused = await room.failure(of: try .post(to: server, host: "bad.invalid"))
        let empty = await room.failure(of: try .post(to: server, host: "empty.invalid"))
        let closed = await room.failure(of: try .post(to: server, host: "127.0.0.3"))
        #expect(refused == .refusedByPolicy(.metadata))
        #expect(empty == .refusedByPolicy(.noAddress))
        guard case .connectFailed = closed else {
            Issue.record("\(String(describing: closed))")
            return
        }
        #expect(Set([refused, empty, closed].map { $0?.outsideText }).count == 1)
        #expect(Set([refused, empty, closed].map { $0?.description }).count == 3)
    }
}

/// The two checks behind the first one, with the first one left out.
@Suite struct LowerGuardTests {
    /// Runs transfers of one pool as if their pinned addresses had passed.
    private func run(_ requests: [OutgoingRequest]) async throws -> [OutgoingError?] {
        let worker = try Worker()
        worker.start(name: "pool")
        defer { worker.stop() }
        return await worker.run { worker in
            let pool = ConnectionPool(
                worker.reactor, HTTPClient.Settings.forTests.ofTransfers,
                OpenLines(clock: .system, provenFor: .seconds(4)))
            var failures: [OutgoingError?] = []
            for request in requests { failures.append(await failure(of: request, in: pool)) }
            return failures
        }
    }

    private nonisolated(nonsending) func failure(
        of request: OutgoingRequest, in pool: ConnectionPool
    ) async -> OutgoingError? {
        guard let transfer = pool.borrow() else { return .other("no handle") }
        transfer.prepare(
            request, pinned: [IPAddress(v4: 0x7F00_0001)], timeLimits: request.timeLimits,
            addressGuard: AddressGuard(), isFresh: false)
        await pool.run(transfer)
        do throws(OutgoingError) {
            _ = try transfer.outcome(transfer.result, duration: .seconds(0))
            return nil
        } catch { return error }
    }

    @Test func `T18: a socket to a bad address is never opened`() async throws {
        let server = try ScriptedServer(polite)
        defer { server.stop() }
        var request = try OutgoingRequest.post(to: server, host: "slipped.invalid")
        request.allowance = .publicOnly
        #expect(try await run([request]) == [.refusedByPolicy(.privateAddress)])
        #expect(server.connections == 0)
    }

    @Test func `a kept connection that another allowance opened is not borrowed`() async throws {
        let server = try ScriptedServer(polite)
        defer { server.stop() }
        let wide = try OutgoingRequest.post(to: server, host: "kept.invalid")
        var narrow = wide
        narrow.allowance = .publicOnly
        #expect(try await run([wide, narrow, wide]) == [nil, .refusedByPolicy(.privateAddress), nil])
        #expect(server.requests.count == 2)
        #expect(server.connections <= 2)
    }
}
