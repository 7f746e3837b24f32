import CLinux
import EventLoop
import Glibc
import Synchronization

/// PostgreSQL's own programs for dumping and restoring: well kept, and as new as the server.
package struct ClientPrograms: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        let program: String
        let words: String
        package var description: String { "\(program) failed: \(words)" }
    }

    private static let wordsBytes = 2_000

    private struct Running {
        var pids: Set<Int32> = []
        /// None is started any more.
        var isOver = false
    }

    private static let running = Mutex(Running())

    /// Those that this process runs give up, and undo what they were about; none begins behind that.
    package static func stopAll() {
        running.withLock { running in
            running.isOver = true
            for pid in running.pids { kill(pid, SIGTERM) }
        }
    }

    private let programs: PostgresPrograms
    private let url: DatabaseURL

    /// Nil where they are not installed.
    package init?(for url: DatabaseURL) {
        guard let programs = PostgresPrograms.find() else { return nil }
        (self.programs, self.url) = (programs, url)
    }

    /// Into a file that is there already. Blocks.
    /// - Parameter snapshot: of a transaction that is open; what it sees is what is dumped.
    package func dump(snapshot: String, to path: String) throws {
        try run(
            "pg_dump",
            [
                "--format=custom", "--no-owner", "--no-privileges", "--no-password", "--snapshot=\(snapshot)",
                "--file=\(path)",
            ])
    }

    /// All of it, or nothing. Blocks.
    package func restore(from path: String) throws {
        try run(
            "pg_restore",
            [
                "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password",
                "--dbname=\(url.database ?? "")", path,
            ])
    }

    private func run(_ program: String, _ arguments: [String]) throws {
        var template = Array("/tmp/keybell-log-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw SystemError(call: "mkstemp", code: errno) }
        defer { close(descriptor) }
        let log = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let child: ChildProcess
        do {
            // The program has it open by then.
            defer { unlink(log) }
            child = try Self.running.withLock { running in
                guard !running.isOver else { throw Failure(program: program, words: "it was interrupted") }
                let child = try ChildProcess(
                    ["\(programs.folder)/\(program)"] + arguments, environment: environment, log: log)
                running.pids.insert(child.pid)
                return child
            }
        }
        let code = child.waitUntilExit()
        Self.running.withLock { _ = $0.pids.remove(child.pid) }
        guard code == 0 else {
            var words = [UInt8](repeating: 0, count: Self.wordsBytes)
            let count = max(pread(descriptor, &words, words.count, 0), 0)
            throw Failure(
                program: program,
                words: String(decoding: words[..<count], as: UTF8.self).split(separator: "\n").joined(
                    separator: "; "))
        }
    }

    /// Never an argument: whoever may list processes sees arguments.
    private var environment: [String] {
        let names = [
            "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
            "sslkey": "PGSSLKEY",
            "sslcrl": "PGSSLCRL", "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
            "channel_binding": "PGCHANNELBINDING", "gssencmode": "PGGSSENCMODE",
            "require_auth": "PGREQUIREAUTH",
        ]
        var variables = [
            "PGHOST=\(url.hosts.map(\.name).joined(separator: ","))",
            "PGPORT=\(url.hosts.map { String($0.port) }.joined(separator: ","))",
            "PGTARGETSESSIONATTRS=read-write", "PGCONNECT_TIMEOUT=10",
        ]
        if let user = url.user { variables.append("PGUSER=\(user)") }
        if let password = url.password { variables.append("PGPASSWORD=\(password)") }
        if let database = url.database { variables.append("PGDATABASE=\(database)") }
        return variables
            + url.options.compactMap { option in names[option.key].map { "\($0)=\(option.value)" } }
    }
}
