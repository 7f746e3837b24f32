import CLinux
package import EventLoop
import Glibc
import Postgres
import Synchronization

/// Threads that live as long as the process: the server is told of the death of the *thread* that started it.
package let scratchOffLoop: OffLoop = {
    do {
        return try OffLoop(threads: 2, limit: 1_000, name: "scratch")
    } catch {
        preconditionFailure("no threads for the scratch cluster: \(error)")
    }
}()

struct ScratchFailure: Error, CustomStringConvertible {
    var description: String
}

/// The server process of a scratch cluster; every call blocks.
enum ScratchServer {
    static let prefix = "keybell-scratch-"
    private static let postmaster = Atomic<pid_t>(0)

    /// In memory where there is enough: every test makes a database, which took 0.76 s on a disk, and minutes
    /// when that was busy, and takes 0.08 s here.
    static let home = freeBytes(in: memory) >= wantedBytes ? memory : "/tmp"
    /// Where a home may be, to find what crashes left.
    static let homes = [memory, "/tmp"]
    private static let memory = "/dev/shm"
    /// Databases of a whole run that are not dropped, the log of writes, and the same for a few neighbours.
    private static let wantedBytes = 4 << 30
    private static let folder = "\(home)/\(prefix)\(getpid())"

    private static func freeBytes(in folder: String) -> Int {
        var status = statvfs()
        guard access(folder, W_OK) == 0, statvfs(folder, &status) == 0 else { return 0 }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }

    static func start() throws -> DatabaseURL {
        let (programs, account) = (try Self.programs(), Self.account)
        try copyPristine(to: "\(folder)/data", as: account)
        // Ended when this process ends, even when that is a crash: SIGQUIT is an immediate stop.
        let command = PostgresPrograms.command(
            [programs.postgres, "-D", "\(folder)/data"] + settings, as: account,
            options: ["--pdeathsig", "QUIT"])
        let server = try ChildProcess(command, log: "\(folder)/server.log", ownSession: true)
        postmaster.store(server.pid, ordering: .relaxed)
        try awaitReadiness(server)
        return DatabaseURL(hosts: [.init(name: folder)], user: "postgres", database: "postgres")
    }

    // MARK: As initdb makes it

    /// What `initdb` makes takes a second and a half to make, and a twentieth of that to copy. Copies share
    /// one system identifier, as servers in life never do.
    static func copyPristine(to data: String, as account: Account?) throws {
        let pristine = try Self.pristine.get()
        try run(["/bin/cp", "-a", pristine, data], as: account)
    }

    private static let pristine: Result<String, any Error> = Result {
        removeFolder(folder)
        guard mkdir(folder, 0o700) == 0 else { throw ScratchFailure(description: "no folder \(folder)") }
        if let account { chown(folder, account.user, account.group) }
        atexit { ScratchServer.stop() }
        let data = "\(folder)/pristine"
        try run(initdb(into: data, by: try programs()), as: account)
        return data
    }

    static func initdb(into data: String, by programs: PostgresPrograms) -> [String] {
        [
            programs.initdb, "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8",
            "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        ]
    }

    private static func run(_ command: [String], as account: Account?) throws {
        let child = try ChildProcess(
            PostgresPrograms.command(command, as: account), log: "\(folder)/commands.log")
        let code = child.waitUntilExit()
        guard code == 0 else {
            throw ScratchFailure(description: "\(command) failed with \(code), see \(folder)")
        }
    }

    private static var account: Account? { geteuid() == 0 ? Account.postgres() : nil }

    private static func programs() throws -> PostgresPrograms {
        guard let programs = PostgresPrograms.find() else {
            throw ScratchFailure(description: "no PostgreSQL here")
        }
        return programs
    }

    private static var settings: [String] {
        [
            "listen_addresses=", "unix_socket_directories=\(folder)", "fsync=off", "full_page_writes=off",
            "max_connections=200", "shared_buffers=64MB", "wal_level=minimal", "max_wal_senders=0",
            "max_wal_size=256MB",
            "autovacuum=off", "log_min_messages=fatal", "log_min_error_statement=panic",
        ].flatMap { ["-c", $0] }
    }

    /// The pid file's last line says "ready" (PostgreSQL's pidfile.h).
    private static func awaitReadiness(_ server: ChildProcess) throws {
        for _ in 0..<3_000 {
            if let code = server.exitCode() {
                throw ScratchFailure(description: "the server ended with \(code)")
            }
            if readWhole("\(folder)/data/postmaster.pid")?.contains("ready") == true { return }
            usleep(10_000)
        }
        throw ScratchFailure(description: "the server is not ready after 30 s")
    }

    static func stop() {
        let pid = postmaster.exchange(0, ordering: .relaxed)
        if pid > 0, kill(pid, SIGQUIT) == 0 { waitpid(pid, nil, 0) }
        removeFolder(folder)
    }

    static func removeFolder(_ path: String) {
        for name in folderEntries(path) ?? [] {
            let entry = "\(path)/\(name)"
            if unlink(entry) != 0 { removeFolder(entry) }
        }
        rmdir(path)
    }
}

/// A small file as text; nil when it cannot be read.
package func readWhole(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += chunk[..<count]
    }
}
