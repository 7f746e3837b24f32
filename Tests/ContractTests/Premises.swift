import Access
import Crypto
import EventLoop
import Events
import HTTPServer
import Identity
import JSON
import Kernel
import Postgres
import Sealing
import Signing
import TestSupport
import Webhooks

@testable import Service

/// The whole service on one loop over a database of its own, without sockets: requests go into the real
/// pipeline, and every answer is held against the contract.
final class Premises {
    let host: Host
    let url: DatabaseURL
    let check: AnswerCheck
    /// What answers and contract disagree about, each once, in the order of its finding.
    private(set) var mistakes: [String] = []
    private var isKnown: Set<String> = []

    private init(_ host: Host, _ url: DatabaseURL) throws {
        (self.host, self.url) = (host, url)
        check = AnswerCheck(contract: try Contract.shared())
    }

    /// - Parameters:
    ///   - isRunning: with what a node does beside answering: jobs, deliveries, analysis.
    ///   - exchange: where Binance's test networks are; unless it is said, nobody listens there.
    static func open<Result: Sendable>(
        isRunning: Bool = false, exchange: String = "http://127.0.0.1:9",
        _ body: @Sendable (isolated Worker, Premises) async throws -> Result
    ) async throws -> Result {
        let scratch = try await ScratchDatabase.make()
        let opening = Opening(states: .ofKeys, clock: .system)
        let opened = try await scratch.visit { _, database in
            let root = try RootKey()
            return try await database.transaction { try await opening.open(under: root, in: $0) }
        }
        let shared = try NodeShared.ofTest(scratch.url, Seal(opened), opening, exchange)
        let result = try await run(shared, scratch.url, isRunning, body)
        try await scratch.drop()
        return result
    }

    private static func run<Result: Sendable>(
        _ shared: NodeShared, _ url: DatabaseURL, _ isRunning: Bool,
        _ body: @Sendable (isolated Worker, Premises) async throws -> Result
    ) async throws -> Result {
        let worker = try Worker()
        worker.start(name: "premises")
        defer { worker.stop() }
        return try await worker.run { worker in
            let host = try Host(shared, isLead: isRunning, on: worker)
            defer { host.database.stop() }
            try await host.database.ready(within: .seconds(60))
            let premises = try Premises(host, url)
            guard isRunning else { return try await body(worker, premises) }
            try await host.rooms.start(on: worker)
            do {
                let result = try await body(worker, premises)
                await host.rooms.stop()
                return result
            } catch {
                await host.rooms.stop()
                throw error
            }
        }
    }

    var operations: [Operation] { host.rooms.operations }

    /// A peer elsewhere, for whom nothing is open because it is near.
    static let remote = SocketAddress.ip(IPAddress(v4: 0xCB00_7107), port: 40_000)

    /// - Parameters:
    ///   - token: of the caller; nil says nothing of who calls.
    ///   - body: JSON, sent with its content type; empty for none.
    nonisolated(nonsending) func call(
        _ method: String, _ target: String, as token: String? = nil,
        headers: [(name: String, value: String)] = [], body: String = "", type: String = "application/json",
        from peer: SocketAddress = Premises.remote
    ) async throws -> TestAnswer {
        var headers = headers
        if let token { headers.append((name: "authorization", value: "Bearer \(token)")) }
        if !body.isEmpty { headers.append((name: "content-type", value: type)) }
        if target.hasPrefix("/v1/events?") { try await host.database.settle() }
        let request = try testRequest(method, target, headers: headers, body: Array(body.utf8), at: peer)
        let answer = TestAnswer(await host.pipeline.respond(to: request))
        for mistake in check.mistakes(in: answer, to: method, target, host.pipeline.router)
        where isKnown.insert(mistake).inserted {
            mistakes.append(mistake)
        }
        return answer
    }
}

extension NodeShared {
    fileprivate static func ofTest(
        _ url: DatabaseURL, _ seal: Seal, _ opening: Opening, _ exchange: String
    ) throws -> NodeShared {
        var settings = try Settings(environment: [:], home: "/proc/nowhere", isRoot: false, cores: 1)
        settings.requestsPerSecond = 0
        // Receivers of these tests are on this machine.
        settings.allowsPrivateWebhooks = true
        settings.publicOrigin = PublicOrigin("http://localhost:8720")
        settings.standIns = ["BINANCE_TESTNET_SPOT": exchange, "BINANCE_DEMO_SPOT": exchange]
        settings.klines = ["BYBIT": exchange]
        let (clock, entropy, metrics) = (Clock.ofTest(), Entropy.system, Metrics())
        // What answers 500 says why on standard error.
        let log = Log(level: .error, format: .text, clock: clock, descriptor: 2)
        let id = NodeID(UUID(at: clock.now(), entropy: entropy))
        let custodian = Custodian(
            seal: seal, source: .file("/nowhere/root.key"), opening: opening, node: id,
            offLoop: scratchOffLoop, metrics: metrics)
        return NodeShared(
            id: id, startedAt: clock.now(), settings: settings,
            database: url, databaseSettings: .patient, databaseSize: .patient, clock: clock, entropy: entropy,
            log: log, metrics: metrics,
            custodian: custodian, sealedStart: nil, offLoop: scratchOffLoop, receiverNames: scratchOffLoop,
            partnerNames: scratchOffLoop, retellings: scratchOffLoop,
            httpMetrics: HTTPMetricFamilies(metrics), state: NodeState(), refusals: Refusals(),
            hasher: scratchHasher, streams: StreamLimit(), webhookMetrics: WebhookMetrics(metrics),
            away: AwayMode(clock: clock, metrics: metrics))
    }
}

/// One for all tests of this target: its thread never ends.
private let scratchHasher: PasswordHasher = {
    do {
        return try PasswordHasher(cost: .ofTests)
    } catch {
        preconditionFailure("no hashing of passwords: \(error)")
    }
}()

extension Clock {
    /// Begins at a fixed moment, so that no test ages.
    fileprivate static func ofTest() -> Clock {
        let start = Clock.system.monotonicNanoseconds()
        return Clock(
            now: {
                let elapsed = Clock.system.monotonicNanoseconds() - start
                return Timestamp(
                    microseconds: Timestamp.testStart.microseconds + Int64(elapsed / 1_000))
            }, monotonicNanoseconds: Clock.system.monotonicNanoseconds)
    }
}
