import CLinux
import EventLoop
import Glibc
package import Postgres
import Synchronization

/// A PostgreSQL server of a test's own, to be stopped, started and killed.
package final class RunningPostgres: Sendable {
    package let folder: TestFolder
    package let programs: PostgresPrograms
    private let account: Account?
    private let process = Mutex<TestProcess?>(nil)

    private init() throws {
        guard let programs = PostgresPrograms.find() else { throw Impatience("no PostgreSQL here") }
        self.programs = programs
        account = geteuid() == 0 ? Account.postgres() : nil
        folder = try TestFolder(owner: account)
    }

    /// Makes a server, starts it, and ends it after `body`, however that ends.
    /// - Parameter ofOwnIdentity: its system identifier is no other server's, as in life.
    package static func with<Result>(
        ofOwnIdentity: Bool = false, _ body: (RunningPostgres) async throws -> Result
    ) async throws -> Result {
        let server = try RunningPostgres()
        return try await server.live(body) {
            try await ofOwnIdentity ? server.initialise() : server.copy()
        }
    }

    private func live<Result>(
        _ body: (RunningPostgres) async throws -> Result, from make: () async throws -> Void
    ) async throws -> Result {
        let result: Swift.Result<Result, any Error>
        do {
            try await make()
            try await start()
            result = .success(try await body(self))
        } catch {
            result = .failure(error)
        }
        await process.withLock { $0 }?.end(by: SIGQUIT)
        folder.remove()
        return try result.get()
    }

    package func url(_ database: String = "postgres") -> DatabaseURL {
        DatabaseURL(hosts: [.init(name: folder.path)], user: "postgres", database: database)
    }

    package func start() async throws {
        let settings = [
            "listen_addresses=", "unix_socket_directories=\(folder.path)", "fsync=off", "autovacuum=off",
            "shared_buffers=64MB", "max_connections=100",
        ].flatMap { ["-c", $0] }
        let started = try await TestProcess(
            [programs.postgres, "-D", folder.file("data")] + settings, log: folder.file("server.log"),
            lastSignal: "QUIT", account: account, ownSession: true)
        process.withLock { $0 = started }
        try await wait(until: "PostgreSQL is ready") {
            if let code = started.exitCode() { throw Impatience("PostgreSQL ended with \(code)") }
            return folder.read("data/postmaster.pid")?.contains("ready") == true
        }
    }

    /// A fast stop: sessions are ended, transactions undone.
    package func stop() async throws {
        let running = process.withLock { $0 }
        running?.signal(SIGINT)
        _ = try await running?.exited()
    }

    /// As behind a disk that hangs: connections stand, and nobody answers.
    package func pause() throws {
        guard let server = process.withLock({ $0 }) else { throw Impatience("PostgreSQL is not there") }
        server.signal(SIGSTOP)
        for child in children(of: server.pid) { kill(child, SIGSTOP) }
    }

    package func resume() {
        guard let server = process.withLock({ $0 }) else { return }
        for child in children(of: server.pid) { kill(child, SIGCONT) }
        server.signal(SIGCONT)
    }

    /// A client program, as who may use the socket: `createdb`, `pg_dump`, `psql`.
    package func run(_ program: String, _ arguments: [String]) async throws -> String {
        let words = ["\(programs.folder)/\(program)", "-h", folder.path, "-U", "postgres"] + arguments
        let (code, output) = try await runToEnd(words, account: account, in: folder)
        guard code == 0 else { throw Impatience("\(program) ended with \(code): \(output)") }
        return output
    }

    private func initialise() async throws {
        let command = ScratchServer.initdb(into: folder.file("data"), by: programs)
        let (code, output) = try await runToEnd(command, account: account, in: folder)
        guard code == 0 else { throw Impatience("initdb ended with \(code): \(output)") }
    }

    private func copy() async throws {
        try await blockingThreads.run { [folder, account] in
            try ScratchServer.copyPristine(to: folder.file("data"), as: account)
        }
    }
}

// MARK: A standby

extension RunningPostgres {
    /// A server that follows this one, and that every commit waits for once this returns. Ended after `body`.
    package func withStandby<Result>(
        _ body: (RunningPostgres) async throws -> Result
    ) async throws -> Result {
        let standby = try RunningPostgres()
        return try await standby.live { standby in
            // The copy knows nothing of this setting: a standby that took over would wait for one of its own.
            try await self.ask("alter system set synchronous_standby_names = '*'")
            try await self.ask("select pg_reload_conf()")
            try await wait(until: "commits wait for the standby") {
                try await self.ask("select sync_state from pg_stat_replication") == "sync"
            }
            return try await body(standby)
        } from: {
            try await standby.follow(self)
        }
    }

    private func follow(_ primary: RunningPostgres) async throws {
        _ = try await primary.run(
            "pg_basebackup",
            ["-D", folder.file("data"), "--write-recovery-conf", "--checkpoint=fast", "--no-sync"])
    }

    /// A standby becomes a server that takes writes.
    package func promote() async throws {
        _ = try await ask("select pg_promote(false)")
        try await wait(until: "the standby takes writes") {
            try await ask("select pg_is_in_recovery()") == "f"
        }
    }

    /// As when its machine falls: every process at once.
    package func fall() async {
        guard let server = process.withLock({ $0 }) else { return }
        // Whoever stands still starts no more children.
        server.signal(SIGSTOP)
        for child in children(of: server.pid) { kill(child, SIGKILL) }
        await server.end()
    }

    /// The one value that a statement gives.
    @discardableResult
    package func ask(_ sql: String, in database: String = "postgres") async throws -> String {
        String(try await run("psql", ["-d", database, "-At", "-c", sql]).prefix { $0 != "\n" })
    }
}

/// The parent follows the state, which follows the name in parentheses.
private func children(of parent: pid_t) -> [pid_t] {
    (folderEntries("/proc") ?? []).compactMap { pid_t($0) }.filter { pid in
        guard let stat = readWhole("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else {
            return false
        }
        return stat[end...].split(separator: " ").dropFirst(2).first.flatMap { pid_t($0) } == parent
    }
}
