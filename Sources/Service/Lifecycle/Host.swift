import Access
import Crypto
import EventLoop
import Events
import HTTPServer
import Identity
import Kernel
import Postgres

/// The service on one worker: its database connections, rooms, routes and server. Plain state of the worker's
/// loop.
final class Host {
    let shared: NodeShared
    let isLead: Bool
    let database: Database
    let rooms: Rooms
    private let reactor: Reactor
    private let reasons: DatabaseReasons
    let pipeline: Pipeline
    let server: Server
    private var isStopping = false

    init(_ shared: NodeShared, isLead: Bool, on worker: isolated Worker) throws {
        self.shared = shared
        self.isLead = isLead
        reactor = worker.reactor
        database = Database(
            shared.database, settings: shared.databaseSettings, size: shared.databaseSize,
            reactor: worker.reactor, offLoop: shared.offLoop, entropy: shared.entropy,
            use: shared.databaseUse)
        if isLead { database.onSilence = { [log = shared.log] in Self.tell(isSilent: $0, log) } }
        reasons = DatabaseReasons(in: isLead ? shared.log : nil)
        reasons.hear(from: database.connector)
        database.start(on: worker)
        rooms = try Rooms(shared, database: database, isLead: isLead, on: worker)
        let router = Router(rooms.operations)
        let pipeline = Pipeline(
            router: router,
            gate: Gate(
                authenticator: rooms.authenticator, door: shared.settings.door,
                proofs: StepUpCheck(database: database), clock: shared.clock),
            idempotency: IdempotencyGate(database: database, log: shared.log),
            approvals: ApprovalGate(rooms.approvals.book),
            away: AwayGate(shared.away, door: rooms.door, clock: shared.clock), shared: shared,
            metrics: HTTPMetrics(shared.httpMetrics, routes: rooms.operations.map(\.path)))
        self.pipeline = pipeline
        let ids = RequestIDs(
            clock: TurnClock(shared.clock, worker.reactor), entropy: shared.entropy)
        server = Server(
            limits: shared.settings.serverLimits, reactor: worker.reactor, clock: shared.clock,
            tls: try shared.settings.makeTLS(), makeRequestID: { ids.next() },
            spawn: { connection in worker.spawn { await connection.serve() } },
            answer: { request in pipeline.answer(request) })
        server.mayShow = { !LoggedPath.holdsToken($0) }
    }

    private static func tell(isSilent: Bool, _ log: Log) {
        if isSilent {
            log.warning("the database is there and says nothing: what waited for it has failed")
        } else {
            log.info("the database answers again")
        }
    }

    /// - Parameter listen: nil where another loop listens for all.
    func start(listen: SocketAddress?, on worker: isolated Worker) async throws -> SocketAddress? {
        try await database.ready(within: .seconds(30))
        try await rooms.start(on: worker)
        worker.spawn { await self.beat() }
        guard let listen else { return nil }
        return try server.listen(on: listen)
    }

    /// Requests end first, because their effects hand work to the rooms; then the rooms; then the database.
    nonisolated(nonsending) func stop() async {
        isStopping = true
        shared.state.drain()
        await server.drain(graceNanoseconds: shared.settings.drain.nanoseconds)
        await rooms.stop()
        database.stop()
        shared.log.flush()
    }

    /// Every tick: logs leave, what was gathered off the requests' path is written.
    private nonisolated(nonsending) func beat() async {
        var tick = 0
        var wasOpen = shared.seal.isOpen
        while !isStopping {
            await reactor.sleep(nanoseconds: 100_000_000)
            shared.log.flush()
            if database.isAvailable { reasons.isBack() }
            tick += 1
            let isOpen = shared.seal.isOpen
            if wasOpen && !isOpen { rooms.endStreams() }
            wasOpen = isOpen
            if tick % 20 == 0 { await rooms.tidy() }
        }
    }
}

extension Settings {
    fileprivate var serverLimits: ServerLimits {
        var limits = ServerLimits()
        limits.connections = connections
        limits.connectionsPerAddress = connectionsPerAddress
        // Uploads are streamed, at any size; whoever collects a body sets a limit of its own.
        limits.http.bodyBytes = 1 << 40
        return limits
    }

    func makeTLS() throws -> TLSContext? {
        guard let tls else { return nil }
        return try TLSContext(certificate: tls.certificate, key: tls.key)
    }
}

// MARK: On the worker

extension Worker {
    func host(_ shared: NodeShared, isLead: Bool, listen: SocketAddress?) async throws -> SocketAddress? {
        let host = try Host(shared, isLead: isLead, on: self)
        settle(host)
        return try await host.start(listen: listen, on: self)
    }

    func unhost() async {
        await resident(Host.self)?.stop()
        evict(Host.self)
    }

    func reloadTLS() {
        guard let host = resident(Host.self) else { return }
        do {
            host.server.tls = try host.shared.settings.makeTLS()
            host.shared.log.info(
                host.server.tls == nil
                    ? "no certificate to read again: none is set" : "certificate read again")
        } catch {
            host.shared.log.error("the certificate could not be read again", ["error": .text("\(error)")])
        }
    }

    func startCluster(
        _ settings: Settings, log: Log? = nil, offLoop: OffLoop, entropy: Entropy
    ) async throws -> DatabaseURL {
        do {
            try SecretFile.makeFolder(settings.dataFolder)
        } catch {
            throw Node.Failure(
                description:
                    "the folder \(settings.dataFolder) of KEYBELL_DATA_DIR cannot be made (\(error))")
        }
        let cluster = try PrivateCluster(
            folder: settings.privateCluster, reactor: reactor, offLoop: offLoop, entropy: entropy)
        cluster.onTrouble = { says, file in
            log?.error("the private PostgreSQL is in trouble", ["says": .text(says), "log": .text(file)])
        }
        // Before it starts: a start that fails, or that nobody waits for any more, ends it by this.
        settle(cluster)
        let url = try await cluster.start()
        cluster.superviseServer(on: self)
        return url
    }

    func stopCluster() async {
        await resident(PrivateCluster.self)?.stop()
        evict(PrivateCluster.self)
    }
}
