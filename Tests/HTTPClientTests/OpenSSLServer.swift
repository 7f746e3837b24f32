import CLinux
import Glibc

@testable import HTTPClient

/// `openssl s_server` with a certificate for `hook.example` and 127.0.0.1 that is its own authority.
struct OpenSSLServer {
    let port: UInt16
    let authority: String
    /// Of its certificate.
    let keyFile: String
    private let folder: String
    private let process: pid_t
    /// Of a server that keeps connections: what came over TLS, among what it says itself, and where to write.
    private let output: Int32
    private let input: Int32

    /// - Parameter keeps: it serves one connection at a time, for as long as the client likes, and what it
    ///   answers is said by `answer`; otherwise every connection is answered and closed.
    /// - Parameter wantsCertificate: whoever comes must show a certificate of its authority.
    init(keeps: Bool = false, wantsCertificate: Bool = false) throws {
        var template = Array("/tmp/keybell-tls-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(step: "mkdtemp") }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        authority = folder + "/ca.pem"
        keyFile = folder + "/key.pem"
        let key = keyFile
        let maker = try Self.spawn(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "2", "-subj",
                "/CN=hook.example", "-addext", "subjectAltName=DNS:hook.example,IP:127.0.0.1", "-keyout", key,
                "-out",
                authority,
            ], output: nil)
        guard Self.wait(maker) == 0 else { throw Failure(step: "req") }
        var (outputEnds, inputEnds): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        guard pipe(&outputEnds) == 0, pipe(&inputEnds) == 0 else {
            throw Failure(step: "pipe")
        }
        (output, input) = (outputEnds[0], inputEnds[1])
        process = try Self.spawn(
            ["s_server", "-accept", "127.0.0.1:0", "-cert", authority, "-key", key]
                + (wantsCertificate ? ["-Verify", "1", "-verify_return_error", "-CAfile", authority] : [])
                + (keeps ? [] : ["-www"]),
            output: outputEnds[1], input: inputEnds[0])
        close(outputEnds[1])
        close(inputEnds[0])
        port = try Self.announcedPort(output)
    }

    /// Blocks until a request that ends with `mark` came on the connection, and answers it.
    func answer(whenComes mark: String) throws {
        var text = ""
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while !text.contains(mark) {
            let count = read(output, &chunk, chunk.count)
            guard count > 0 else { throw Failure(step: "the end of s_server") }
            text += String(decoding: chunk[..<count], as: UTF8.self)
        }
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8)
        guard write(input, answer, answer.count) == answer.count else { throw Failure(step: "write") }
    }

    struct Failure: Error { let step: String }

    func stop() {
        kill(process, SIGKILL)
        _ = Self.wait(process)
        close(output)
        close(input)
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

    private static func spawn(
        _ arguments: [String], output: Int32?, input: Int32? = nil
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
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

extension OpenSSLServer {
    /// Its own certificate and key, for a client to show.
    var pair: OutgoingRequest.ClientCertificate {
        OutgoingRequest.ClientCertificate(certificate: Self.bytes(authority), key: Self.bytes(keyFile))
    }

    private static func bytes(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "re") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        return Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
    }
}
