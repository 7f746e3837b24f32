import CLinux
package import EventLoop
import Glibc
package import Kernel

/// Why the private cluster is not running.
package enum PrivateClusterError: Error, Equatable, Sendable, CustomStringConvertible {
    case noPrograms
    case noAccount
    case folder(String)
    case unreachable(folder: String)
    case wrongVersion(recorded: Int)
    case initialisation(log: String, says: String?)
    case start(log: String, says: String?)
    case busy
    case stopped

    package var description: String {
        switch self {
        case .noPrograms: "no PostgreSQL server on this machine: install the package postgresql"
        case .noAccount: "as root, the private cluster runs as the user postgres, which does not exist here"
        case .folder(let path): "\(path) cannot be made, or is not ours alone (mode 0700)"
        case .unreachable(let path):
            "the user postgres cannot reach \(path): open the folders above it (mode 0711)"
        case .wrongVersion(let recorded):
            "the private cluster was made by PostgreSQL \(recorded): install postgresql-\(recorded), or dump"
                + " with it and restore into a new data folder"
        case .initialisation(let log, let says): "initdb failed, see \(log)\(Self.quoted(says))"
        case .start(let log, let says):
            "the private PostgreSQL did not start, see \(log)\(Self.quoted(says))"
        case .busy: "another process is starting this cluster"
        case .stopped: "the private PostgreSQL was stopped while it started"
        }
    }

    private static func quoted(_ says: String?) -> String { says.map { ": \($0)" } ?? "" }
}

/// The PostgreSQL that comes with the default installation and with nothing else: our own data folder, a
/// socket only we can open, a random password. It outlives a killed service and is adopted by the next one.
package final class PrivateCluster {
    /// A first start makes the cluster; a start after a crash recovers it.
    static let startLimit: Period = .seconds(60)
    static let startAttempts = 10
    static let startPause: Period = .milliseconds(500)
    static let fastStopLimit: Period = .seconds(20)
    static let immediateStopLimit: Period = .seconds(5)
    private static let step: Period = .milliseconds(10)
    private static let watchPause: Period = .milliseconds(200)

    private let folder: ClusterFolder
    private let reactor: Reactor
    private let offLoop: OffLoop
    private let entropy: Entropy
    private var lock: Int32 = -1
    private var child: ChildProcess?
    private var isStopping = false
    private var serverLog: ServerLog
    private var told: Set<String> = []
    /// Hears what the server's own log says of trouble, once until the server is well again.
    package var onTrouble: ((_ says: String, _ log: String) -> Void)?

    /// - Parameter folder: absolute; made with mode 0700 when missing.
    package init(
        folder: String, reactor: Reactor, offLoop: OffLoop, entropy: Entropy = .system
    ) throws(PrivateClusterError) {
        let account = geteuid() == 0 ? Account.postgres() : nil
        if geteuid() == 0 && account == nil { throw .noAccount }
        self.folder = ClusterFolder(path: folder, account: account)
        (self.reactor, self.offLoop, self.entropy) = (reactor, offLoop, entropy)
        serverLog = ServerLog(self.folder.log)
    }

    /// Why none could be in this folder; nil: nothing is seen that would keep it from starting. Changes
    /// nothing.
    package static func fault(ofFolder path: String) -> PrivateClusterError? {
        let account = geteuid() == 0 ? Account.postgres() : nil
        if geteuid() == 0 && account == nil { return .noAccount }
        let folder = ClusterFolder(path: path, account: account)
        if access(path, F_OK) == 0, !folder.isOurs(path) { return .folder(path) }
        guard let recorded = folder.recordedMajor else {
            return PostgresPrograms.find() == nil ? .noPrograms : nil
        }
        return PostgresPrograms.find(major: recorded) == nil ? .wrongVersion(recorded: recorded) : nil
    }

    /// The server's process: adopted or started.
    package var processID: Int32? { Postmaster.live(in: folder.data)?.pid }

    /// Adopts the running server or starts one, and answers where it is.
    package nonisolated(nonsending) func start() async throws -> DatabaseURL {
        try await start(attempts: Self.startAttempts)
    }

    private nonisolated(nonsending) func start(attempts: Int) async throws -> DatabaseURL {
        let folder = folder
        try await offLoop.run { try folder.prepare() }
        try await takeLock()
        let programs = try await initialised()
        try await bringUp(programs, attempts)
        // Shared from here on: whoever else adopts the server keeps us from stopping it.
        flock(lock, LOCK_SH)
        guard let password = folder.password else { throw PrivateClusterError.folder(folder.passwordFile) }
        let url = DatabaseURL(
            hosts: [.init(name: folder.socketFolder, port: ClusterFolder.port)], user: ClusterFolder.user,
            password: password, database: ClusterFolder.user)
        try await makeDatabase(url)
        return url
    }

    /// Restarts the server whenever it ends, until `stop`.
    package func superviseServer(on worker: isolated Worker) {
        worker.spawn { await self.supervise() }
    }

    private nonisolated(nonsending) func supervise() async {
        var pace = RestartPace()
        while !isStopping {
            await reactor.sleep(nanoseconds: Self.watchPause.nanoseconds)
            await tellTrouble()
            if Postmaster.live(in: folder.data) != nil {
                if pace.lived(Self.watchPause) { told = [] }
                continue
            }
            _ = await waits(pace.next()) { self.isStopping }
            if isStopping { return }
            do { _ = try await start(attempts: 1) } catch { tell("\(error)") }
        }
    }

    private nonisolated(nonsending) func tellTrouble() async {
        for complaint in await complaints() { tell(complaint) }
    }

    /// The same with other numbers in it, such as a process's, is the same.
    private func tell(_ trouble: String) {
        if told.insert(trouble.filter { !$0.isNumber }).inserted { onTrouble?(trouble, folder.log) }
    }

    private nonisolated(nonsending) func complaints() async -> [String] {
        let before = serverLog
        guard before.hasGrown else { return [] }
        let read = try? await offLoop.run {
            var log = before
            let found = log.complaints()
            return (log, found)
        }
        guard let read else { return [] }
        serverLog = read.0
        return read.1
    }

    /// Fast stop, then immediate, both bounded. A server that another process uses too is left running.
    package nonisolated(nonsending) func stop() async {
        isStopping = true
        defer { releaseLock() }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { return }
        guard let server = Postmaster.live(in: folder.data) else { return await stopUnborn() }
        server.stopFast()
        if await isGone(server, within: Self.fastStopLimit) { return }
        server.stopImmediately()
        _ = await isGone(server, within: Self.immediateStopLimit)
    }

    /// A server that has not written its pid yet.
    private nonisolated(nonsending) func stopUnborn() async {
        guard let child, !childHasEnded else { return }
        kill(child.pid, SIGINT)
        _ = await waits(Self.immediateStopLimit) { self.childHasEnded }
    }
}

// MARK: Steps

extension PrivateCluster {
    private nonisolated(nonsending) func takeLock() async throws(PrivateClusterError) {
        if lock < 0 { lock = klinux_open(folder.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
        guard lock >= 0 else { throw .folder(folder.lock) }
        let lock = lock
        // A start by another process ends; its shared lock stays, and the server is up already.
        guard await waits(Self.startLimit, until: { self.mayStart(lock) }) else { throw .busy }
    }

    private func mayStart(_ lock: Int32) -> Bool {
        if flock(lock, LOCK_EX | LOCK_NB) == 0 { return true }
        return Postmaster.live(in: folder.data)?.isReady == true && flock(lock, LOCK_SH | LOCK_NB) == 0
    }

    private func releaseLock() {
        if lock >= 0 { close(lock) }
        lock = -1
    }

    private nonisolated(nonsending) func initialised() async throws -> PostgresPrograms {
        if let recorded = folder.recordedMajor {
            guard let programs = PostgresPrograms.find(major: recorded) else {
                throw PrivateClusterError.wrongVersion(recorded: recorded)
            }
            return programs
        }
        guard let programs = PostgresPrograms.find() else { throw PrivateClusterError.noPrograms }
        let (folder, password) = (folder, hexadecimal(entropy.bytes(24)))
        try await offLoop.run { try folder.initialise(programs, password: password) }
        return programs
    }

    /// Until the server is ready. One that ends at once is tried again: after a crash the old server's
    /// children may hold its memory for a moment.
    private nonisolated(nonsending) func bringUp(_ programs: PostgresPrograms, _ attempts: Int)
        async throws(PrivateClusterError)
    {
        for attempt in 0..<attempts {
            if attempt > 0 { await reactor.sleep(nanoseconds: Self.startPause.nanoseconds) }
            guard !isStopping else { throw .stopped }
            // Collected first: PostgreSQL takes a dead process that nobody waited for as running.
            if Postmaster.live(in: folder.data) == nil, childHasEnded {
                child = try folder.startServer(programs)
            }
            let isReady = await waits(Self.startLimit) { self.isReadyOrEnded }
            if isReady, Postmaster.live(in: folder.data)?.isReady == true { return }
        }
        throw .start(log: folder.log, says: await complaints().last)
    }

    private var isReadyOrEnded: Bool {
        if let server = Postmaster.live(in: folder.data) { return server.isReady }
        return childHasEnded
    }

    /// Whether there is no server of our own. Several may wait for its end (a start, and whoever stops it):
    /// the first collects it for all of them.
    private var childHasEnded: Bool {
        guard let child else { return true }
        guard child.exitCode() != nil else { return false }
        self.child = nil
        return true
    }

    private nonisolated(nonsending) func makeDatabase(_ url: DatabaseURL) async throws(PostgresError) {
        var first = url
        first.database = "postgres"
        let connector = Connector(first, settings: .init(), reactor: reactor, offLoop: offLoop)
        let connection = try await connector.plainConnection()
        defer { connection.close() }
        let found = try await connection.run(
            "select 1 from pg_database where datname = '\(ClusterFolder.user)'")
        if found?.isEmpty == true { try await connection.run("create database \(ClusterFolder.user)") }
    }

    private nonisolated(nonsending) func isGone(_ server: Postmaster, within limit: Period) async -> Bool {
        await waits(limit) {
            self.child?.pid == server.pid ? self.childHasEnded : !server.isAlive
        }
    }

    /// Asks again every 10 ms, on the loop and without blocking it. False: the time is over.
    private nonisolated(nonsending) func waits(_ limit: Period, until isDone: () -> Bool) async -> Bool {
        var waited = Period(microseconds: 0)
        while !isDone() {
            guard waited < limit else { return false }
            await reactor.sleep(nanoseconds: Self.step.nanoseconds)
            waited = waited + Self.step
        }
        return true
    }
}
