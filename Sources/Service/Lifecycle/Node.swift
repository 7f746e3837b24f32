import Access
import Audit
import CLinux
import Crypto
package import EventLoop
import Events
import Glibc
import HTTPServer
import Identity
package import Kernel
import Postgres
import Sealing
import Signing
import Webhooks

/// One running node: from settings to a listening service, and back to nothing.
package final class Node: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package let settings: Settings
    let clock: Clock
    let entropy: Entropy
    let log: Log
    let offLoop: OffLoop
    private let receiverNames: OffLoop
    private let partnerNames: OffLoop
    private let retellings: OffLoop
    private let hasher: PasswordHasher
    private let workers: [Worker]

    /// - Parameters:
    ///   - clock: the wall clock of everything that the node stores and decides.
    package init(
        settings: Settings, clock: Clock = .system, entropy: Entropy = .system, log: Log
    ) throws {
        self.settings = settings
        self.clock = clock
        self.entropy = entropy
        self.log = log
        offLoop = try OffLoop(threads: 4, limit: 256, name: "kb-offloop")
        receiverNames = try OffLoop(threads: 8, limit: 256, name: "kb-names")
        partnerNames = try OffLoop(threads: 4, limit: 256, name: "kb-partners")
        retellings = try OffLoop(threads: 1, limit: 64, name: "kb-retellings", niceness: 10)
        hasher = try PasswordHasher()
        workers = try (0..<settings.loops).map { _ in try Worker() }
    }

    /// The worker that also runs what a node does once: cluster, jobs, heartbeat.
    private var lead: Worker { workers[0] }

    /// Starts everything and returns the address bound. Nothing listens before all is ready.
    package func start(told: @escaping @Sendable (Notice) -> Void) async throws -> SocketAddress {
        try claimAddress()
        for (index, worker) in workers.enumerated() { worker.start(name: "kb-loop-\(index)") }
        let watch = StartWatch(log, doing: "the database")
        defer { watch.end() }
        await lead.run { worker in watch.run(on: worker) }
        do {
            return try await bringUp(told, watch)
        } catch {
            // A server that was started for us alone does not outlive the attempt.
            await lead.run { worker in await worker.stopCluster() }
            throw error
        }
    }

    /// Ends what was begun of a start that is not over: the caller ends the process.
    package func abandon() async {
        await lead.run { worker in await worker.stopCluster() }
        log.flush()
    }

    private func bringUp(
        _ told: @escaping @Sendable (Notice) -> Void, _ watch: StartWatch
    ) async throws -> SocketAddress {
        for warning in Preflight.warnings(of: settings) { log.warning(warning) }
        tellDatabase(watch)
        let database = try await databaseURL()
        watch.begins("what stands in the database: its keys, its schema")
        let shared = try await lead.run { [self] worker in try await prepare(database, on: worker, told) }
        watch.begins("its loops and their connections to the database")
        var address = settings.listen
        for (index, worker) in workers.enumerated() {
            // A unix socket cannot be shared as a port can: the first loop serves it alone.
            let wanted = settings.listen.ip == nil && index > 0 ? nil : address
            address =
                try await worker.run { worker in
                    try await worker.host(shared, isLead: index == 0, listen: wanted)
                } ?? address
        }
        return address
    }

    private func claimAddress() throws(Failure) {
        do {
            try settings.listen.claim()
        } catch  where error.code == EADDRINUSE {
            throw Failure(
                description: "\(settings.listen) is taken: another Keybell, or another program, listens there"
            )
        } catch {
            throw Failure(description: "nobody can listen at \(settings.listen) (\(error))")
        }
    }

    /// Drains: no new connections, requests under way end, deliveries in flight finish, the private cluster
    /// stops.
    package func stop() async {
        // All at once: each may wait for its slowest request.
        await withTaskGroup { group in
            for worker in workers {
                group.addTask { await worker.run { worker in await worker.unhost() } }
            }
        }
        await lead.run { worker in await worker.stopCluster() }
        for worker in workers { worker.stop() }
        offLoop.stop()
        receiverNames.stop()
        partnerNames.stop()
        retellings.stop()
        hasher.stop()
        log.flush()
    }

    /// Reads the certificate again; open connections keep the old one.
    package func reloadTLS() async {
        for worker in workers { await worker.run { worker in worker.reloadTLS() } }
    }

    private func tellDatabase(_ watch: StartWatch) {
        if settings.database == nil {
            watch.begins("the private PostgreSQL; its log is \(settings.privateCluster)/server.log")
        }
    }

    private func databaseURL() async throws -> DatabaseURL {
        if let url = settings.database { return url }
        return try await lead.run { [settings, log, offLoop, entropy] worker in
            try await worker.startCluster(settings, log: log, offLoop: offLoop, entropy: entropy)
        }
    }
}

// MARK: Before anything listens

extension Node {
    private func prepare(
        _ url: DatabaseURL, on worker: isolated Worker, _ told: @Sendable (Notice) -> Void
    ) async throws -> NodeShared {
        let connector = Connector(url, settings: SessionSettings(), reactor: worker.reactor, offLoop: offLoop)
        let reasons = DatabaseReasons("waiting for the database", in: log)
        reasons.hear(from: connector)
        let wrapped = try await patiently(worker.reactor, reasons) {
            try await KeyEncryptionKeys.read(through: connector)
        }
        let rootKey = try await findRootKey(opening: wrapped, told)
        guard try await !UnfinishedRestore.isThere(connector) else {
            throw Failure(description: UnfinishedRestore.sentence)
        }
        let applied = try await patiently(worker.reactor, reasons) {
            try await Migrator(Assets.migrations).run(connector)
        }
        if !applied.isEmpty { log.info("migrated", ["to": .int(Int64(applied.max() ?? 0))]) }
        let database = Database(url, reactor: worker.reactor, offLoop: offLoop, entropy: entropy)
        reasons.hear(from: database.connector)
        database.start(on: worker)
        defer { database.stop() }
        try await reasons.explaining { try await database.ready(within: .seconds(30)) }
        await makeMonthTables(database)
        if try await ForeignDump.check(database, at: clock.now(), entropy: entropy) {
            log.warning("the database came out of a dump: nothing is used until an owner confirms that")
        }
        if let era = try await Eras.check(database) {
            log.warning("a new era of events begins", ["era": .int(Int64(era))])
        }
        let opening = Opening(states: .ofKeys, clock: clock)
        let (seal, sealedStart) = try await openSeal(
            under: rootKey, opening, database, worker.reactor, reasons, told)
        try await announceBootstrap(database, told)
        let metrics = Metrics()
        let id = NodeID(UUID(at: clock.now(), entropy: entropy))
        let custodian = Custodian(
            seal: seal, source: settings.rootKeySource, opening: opening, node: id, offLoop: offLoop,
            metrics: metrics)
        let shared = NodeShared(
            id: id, startedAt: clock.now(), settings: settings,
            database: url, clock: clock, entropy: entropy, log: log, metrics: metrics,
            custodian: custodian, sealedStart: sealedStart, offLoop: offLoop,
            receiverNames: receiverNames, partnerNames: partnerNames, retellings: retellings,
            httpMetrics: HTTPMetricFamilies(metrics), state: NodeState(), refusals: Refusals(),
            hasher: hasher, streams: StreamLimit(),
            webhookMetrics: WebhookMetrics(metrics),
            away: AwayMode(clock: clock, metrics: metrics))
        shared.exchangeStates.export(to: metrics)
        shared.exportState()
        return shared
    }

    /// Before anything writes: a row without its month's table goes where all other times are. It is moved
    /// from there when the table is made, so a failure keeps nobody from starting.
    private nonisolated(nonsending) func makeMonthTables(_ database: Database) async {
        do {
            _ = try await MonthTables(database.connector).makeAhead(at: clock.now())
        } catch {
            log.warning("tables of the month cannot be made", ["error": .text("\(error)")])
        }
    }

    /// A database that is just starting is waited for; a schema that does not fit is not.
    nonisolated(nonsending) func patiently<Result>(
        _ reactor: Reactor, _ reasons: DatabaseReasons,
        _ body: nonisolated(nonsending) () async throws -> Result
    ) async throws -> Result {
        for _ in 1..<60 {
            do {
                let result = try await body()
                reasons.isBack()
                return result
            } catch let error as PostgresError {
                reasons.hear(ifSilentAfter: error)
                await reactor.sleep(nanoseconds: 500_000_000)
            }
        }
        return try await reasons.explaining(body)
    }
}

/// What the command line tells the person who starts the service.
package enum Notice: Sendable {
    case startsSealed(SealedStart)
    case rootKeyMade(String)
    case bootstrapTokenMade(token: String, file: String)
    case bootstrapTokenKept(file: String, expiresAt: Timestamp)
    case bootstrapTokenElsewhere(place: String, madeAt: Timestamp, expiresAt: Timestamp)
}
