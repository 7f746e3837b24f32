import EventLoop
import Kernel
import Synchronization

@testable import HTTPClient

/// A worker with one client in it, for the length of a test.
struct ClientRoom: Sendable {
    let worker: Worker
    /// The client, which only its worker may touch; as bits, since it is not Sendable.
    private let clientBits: UInt

    init(
        _ resolver: Resolver = .answering([]), addressGuard: AddressGuard = AddressGuard(),
        settings: HTTPClient.Settings = .forTests
    ) async throws {
        worker = try Worker()
        worker.start(name: "client")
        clientBits = await worker.run { worker in
            let client = HTTPClient(
                on: worker.reactor, resolver: resolver, addressGuard: addressGuard, settings: settings)
            return UInt(bitPattern: Unmanaged.passRetained(client).toOpaque())
        }
    }

    func send(_ request: OutgoingRequest) async throws(OutgoingError) -> OutgoingResponse {
        try await worker.run { [self] worker async throws(OutgoingError) in try await client.send(request) }
    }

    /// Takes an answer that is handed over as it comes.
    func open<Result: Sendable>(
        _ request: OutgoingRequest, _ take: @Sendable (OpenResponse) async -> Result
    ) async throws(OutgoingError) -> Result {
        try await worker.run { [self] worker async throws(OutgoingError) in
            await take(try await client.open(request))
        }
    }

    /// Nil: there was an answer.
    func failure(of request: OutgoingRequest) async -> OutgoingError? {
        do {
            _ = try await send(request)
            return nil
        } catch { return error }
    }

    func closeIdleConnections() async { await worker.run { _ in client.closeIdleConnections() } }
    func setAddressGuard(_ addressGuard: AddressGuard) async {
        await worker.run { _ in client.setAddressGuard(addressGuard) }
    }
    func inFlight() async -> Int { await worker.run { _ in client.inFlight } }

    func stop() {
        Task {
            await worker.run { _ in Unmanaged.passUnretained(client).release() }
            worker.stop()
        }
    }

    private var client: HTTPClient {
        guard let pointer = UnsafeRawPointer(bitPattern: clientBits) else { preconditionFailure("no client") }
        return Unmanaged<HTTPClient>.fromOpaque(pointer).takeUnretainedValue()
    }
}

extension HTTPClient.Settings {
    /// Names are asked anew each time, and no connection rests too long.
    static var forTests: HTTPClient.Settings {
        var settings = HTTPClient.Settings()
        settings.nameLifetime = .seconds(0)
        settings.provenFor = .seconds(60)
        return settings
    }
}

extension Resolver {
    /// Answers its n-th question with the n-th list, and further ones with the last.
    static func answering(_ answers: [[String]]) -> Resolver {
        let asked = Mutex(0)
        return Resolver { _ in
            let number = asked.withLock {
                $0 += 1
                return $0
            }
            guard !answers.isEmpty else { throw Failure("no such name") }
            return answers[min(number, answers.count) - 1].compactMap { IPAddress($0) }
        }
    }
}

extension OutgoingRequest {
    /// A POST to a scripted server, by address or by a name that only the test's resolver knows.
    static func post(
        to server: ScriptedServer, host: String = "127.0.0.1", path: String = "/hook", body: String = "hello",
        mayResend: Bool = true, total: Period = .seconds(30)
    ) throws -> OutgoingRequest {
        let url = try OutgoingURL("http://\(host):\(server.port)\(path)", allowance: .privateReceivers)
        var request = OutgoingRequest(
            .post, url, headers: [OutgoingHeader("Content-Type", "application/json")], body: Array(body.utf8),
            allowance: .privateReceivers, mayResend: mayResend)
        request.timeLimits = TimeLimits(connect: total, total: total)
        return request
    }
}
