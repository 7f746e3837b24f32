import CLinux
import EventLoop
import Glibc

/// The private cluster's place on disk: `data`, `password`, `lock`, `server.log`, and the socket's folder.
/// Everything here blocks and runs off the loop.
struct ClusterFolder: Sendable {
    let path: String
    /// Whom everything belongs to when we are root.
    let account: Account?

    static let port: UInt16 = 5_432
    static let user = "keybell"
    /// sun_path holds 107 bytes and a NUL; the socket is `/.s.PGSQL.5432` in its folder.
    static let maximumSocketFolder = 107 - "/.s.PGSQL.5432".utf8.count

    var data: String { "\(path)/data" }
    var passwordFile: String { "\(path)/password" }
    var log: String { "\(path)/server.log" }
    var lock: String { "\(path)/lock" }
    var recordedMajor: Int? {
        readSmallFile("\(data)/PG_VERSION").flatMap { Int($0.split { $0.isWhitespace }.first ?? "") }
    }
    var password: String? { readSmallFile(passwordFile) }

    /// Beside the data where the path is short enough, else a folder whose name is made from the path.
    var socketFolder: String {
        let own = "\(path)/run"
        if own.utf8.count <= Self.maximumSocketFolder { return own }
        let hash = path.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
        }
        let runtime = account == nil ? getenv("XDG_RUNTIME_DIR").map { String(cString: $0) } : nil
        let name = "keybell-\(String(hash, radix: 36))"
        if let runtime, runtime.hasPrefix("/"),
            runtime.utf8.count + name.utf8.count < Self.maximumSocketFolder
        {
            return "\(runtime)/\(name)"
        }
        return "/tmp/\(name)"
    }

    func prepare() throws(PrivateClusterError) {
        try makeFolder(path)
        try makeFolder(socketFolder)
        guard let account else { return }
        let test = PostgresPrograms.command(["/usr/bin/test", "-w", path], as: account)
        guard (try? ChildProcess(test))?.waitUntilExit() == 0 else { throw .unreachable(folder: path) }
    }

    /// 0700 and ours; a folder of that name that somebody else made is refused.
    private func makeFolder(_ path: String) throws(PrivateClusterError) {
        if mkdir(path, 0o700) == 0, let account { chown(path, account.user, account.group) }
        guard isOurs(path) else { throw .folder(path) }
    }

    /// A folder, of whom it has to belong to, and closed to everybody else.
    func isOurs(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            && status.st_uid == account?.user ?? geteuid() && status.st_mode & 0o077 == 0
    }

    /// Made aside and then renamed, so that an interrupted first start begins again.
    func initialise(_ programs: PostgresPrograms, password: String) throws(PrivateClusterError) {
        let draft = "\(path)/data.new"
        removeTree(draft)
        try writeSecret(password, to: passwordFile)
        let initdb = [
            programs.initdb, "-D", draft, "-U", Self.user, "--pwfile=\(passwordFile)", "--auth=scram-sha-256",
            "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions",
        ]
        var words = ServerLog(log)
        // It writes nothing any more once nobody waits for it.
        let command = PostgresPrograms.command(initdb, as: account, options: ["--pdeathsig", "TERM"])
        let child = try? ChildProcess(command, log: log)
        guard child?.waitUntilExit() == 0, rename(draft, data) == 0 else {
            throw .initialisation(log: log, says: words.complaints().last)
        }
    }

    private func writeSecret(_ text: String, to file: String) throws(PrivateClusterError) {
        unlink(file)
        let descriptor = klinux_open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .folder(file) }
        defer { close(descriptor) }
        if let account { fchown(descriptor, account.user, account.group) }
        guard write(descriptor, text, text.utf8.count) == text.utf8.count, fsync(descriptor) == 0 else {
            throw .folder(file)
        }
    }

    func startServer(_ programs: PostgresPrograms) throws(PrivateClusterError) -> ChildProcess {
        let settings = [
            "listen_addresses=", "unix_socket_directories=\(socketFolder)", "unix_socket_permissions=0700",
            "port=\(Self.port)", "max_prepared_transactions=0", "timezone=UTC", "log_timezone=UTC",
            "shared_buffers=128MB", "max_connections=400", "max_wal_size=2GB", "logging_collector=off",
        ].flatMap { ["-c", $0] }
        let command = PostgresPrograms.command([programs.postgres, "-D", data] + settings, as: account)
        do {
            return try ChildProcess(command, log: log, ownSession: true)
        } catch {
            throw .start(log: log, says: nil)
        }
    }
}

/// Removes a folder and all in it; symbolic links are removed, not followed.
package func removeTree(_ path: String) {
    if unlink(path) == 0 { return }
    for name in folderEntries(path) ?? [] { removeTree("\(path)/\(name)") }
    rmdir(path)
}
