import CLinux
import Glibc

/// `openssl s_server` with a certificate for `hook.example` and 127.0.0.1 that is its own authority.
struct OpenSSLServer {
    let port: UInt16
    let authority: String
    private let folder: String
    private let process: pid_t

    init() throws {
        var template = Array("/tmp/keybell-tls-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(step: "mkdtemp") }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        authority = folder + "/ca.pem"
        let key = folder + "/key.pem"
        let maker = try Self.spawn(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "2", "-subj",
                "/CN=hook.example", "-addext", "subjectAltName=DNS:hook.example,IP:127.0.0.1", "-keyout", key,
                "-out",
                authority,
            ], output: nil)
        guard Self.wait(maker) == 0 else { throw Failure(step: "req") }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure(step: "pipe") }
        process = try Self.spawn(
            ["s_server", "-accept", "127.0.0.1:0", "-cert", authority, "-key", key, "-www"], output: ends[1])
        close(ends[1])
        defer { close(ends[0]) }
        port = try Self.announcedPort(ends[0])
    }

    struct Failure: Error { let step: String }

    func stop() {
        kill(process, SIGKILL)
        _ = Self.wait(process)
        for name in ["ca.pem", "key.pem"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    /// `ACCEPT 127.0.0.1:40123` says that it listens.
    private static func announcedPort(_ output: Int32) throws -> UInt16 {
        var text = ""
        var chunk = [UInt8](repeating: 0, count: 512)
        while true {
            let count = read(output, &chunk, chunk.count)
            guard count > 0 else { throw Failure(step: "s_server") }
            text += String(decoding: chunk[..<count], as: UTF8.self)
            let lines = text.split(separator: "\n").filter { $0.hasPrefix("ACCEPT") }
            guard text.hasSuffix("\n"), let line = lines.first else { continue }
            guard let port = line.split(separator: ":").last.flatMap({ UInt16($0) }) else {
                throw Failure(step: text)
            }
            return port
        }
    }

    private static func spawn(_ arguments: [String], output: Int32?) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        if let output {
            posix_spawn_file_actions_adddup2(&actions, output, 1)
        } else {
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        }
        var words: [UnsafeMutablePointer<CChar>?] = (["openssl"] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        guard posix_spawn(&process, "/usr/bin/openssl", &actions, nil, &words, nil) == 0 else {
            throw Failure(step: "posix_spawn")
        }
        return process
    }

    private static func wait(_ process: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return klinux_wait_exited(status) != 0 ? klinux_wait_exit_status(status) : -1
    }
}
