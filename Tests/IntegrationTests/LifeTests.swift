import Crypto
import EventLoop
import Glibc
import JSON
import Postgres
import TestSupport
import Testing

extension IntegrationTests {
    /// How the program starts, refuses to, and ends.
    @Suite struct LifeTests {
        @Test func `SIGTERM lets a request under way be answered, and the exit code is 0`() async throws {
            try await RunningNode.with(.scratch(), ["KEYBELL_LOOPS": "1"]) { node in
                try await node.bootstrap()
                let body = #"{"name":"drained","purpose":"was half sent"}"#
                let half = body.utf8.count / 2
                let head = node.head(
                    "POST", "/v1/service-accounts", length: body.utf8.count,
                    headers: [(name: "content-type", value: "application/json")])
                let connection = try LoopbackConnection(to: node.port)
                try connection.send(head + String(body.prefix(half)))
                // There is one loop: whoever is answered came later, so the head was read.
                #expect(try await node.call("GET", "/v1/me").status == 200)

                node.signal(SIGTERM)
                try await wait(until: "nobody new is let in") {
                    (try? await node.call("GET", "/healthz", token: nil)) == nil
                }
                try connection.send(String(body.dropFirst(half)))
                let answer = try await blockingThreads.run { try connection.receive() }
                #expect(answer?.status == 201)
                #expect(answer?.json["name"] == "drained")
                #expect(try await node.exited() == 0)
            }
        }

        @Test func `SIGHUP to a node without a certificate reads none, and says so`() async throws {
            try await RunningNode.with(.scratch()) { node in
                try await wait(until: "it hears signals") { node.log.contains(#""message":"ready""#) }
                node.signal(SIGHUP)
                try await wait(until: "the log says so") {
                    node.log.contains("no certificate to read again: none is set")
                }
                #expect(!node.log.contains("certificate read again"))
            }
        }

        @Test func `a second service at the same address does not start, and says why`() async throws {
            try await RunningNode.with(.scratch()) { node in
                let folder = try TestFolder()
                defer { folder.remove() }
                let (code, output) = try await runToEnd(
                    [try RunningNode.binary(), "serve"],
                    environment: [
                        "KEYBELL_LISTEN": "127.0.0.1:\(node.port)", "KEYBELL_DATA_DIR": folder.file("data"),
                        "KEYBELL_ROOT_KEY_FILE": folder.file("root.key"),
                    ], in: folder)
                #expect(code == 1)
                #expect(output.contains("127.0.0.1:\(node.port) is taken"), "\(output)")
                #expect(folder.read("root.key") == nil, "nothing was begun")
            }
        }

        @Test func `a start that waits says what for, and ends when it is asked to`() async throws {
            let folder = try TestFolder()
            defer { folder.remove() }
            let log = folder.file("service.log")
            let node = try await TestProcess(
                [try RunningNode.binary(), "serve"],
                environment: [
                    "KEYBELL_LISTEN": "unix:\(folder.file("kb.sock"))", "KEYBELL_LOOPS": "1",
                    "KEYBELL_DATABASE_URL": "postgres:///nowhere?host=\(folder.path)",
                    "KEYBELL_DATA_DIR": folder.file("data"), "KEYBELL_ROOT_KEY_FILE": folder.file("root.key"),
                ], log: log, lastSignal: "TERM")
            do {
                try await wait(until: "it tells that it waits") {
                    folder.read("service.log")?.contains("waiting for the database") == true
                }
                node.signal(SIGTERM)
                #expect(try await node.exited() == 0)
            } catch {
                await node.end()
                throw error
            }
            let told = folder.read("service.log") ?? ""
            #expect(told.contains("\"starting\"") && told.contains("ended before it was ready"), "\(told)")
        }

        @Test func `why a database cannot be reached is told`() async throws {
            guard case .database(var database) = try await RunningNode.Store.scratch() else { return }
            database.database = "nosuch"
            let folder = try TestFolder()
            defer { folder.remove() }
            let (code, output) = try await runToEnd(
                [try RunningNode.binary(), "migrate"], environment: ["KEYBELL_DATABASE_URL": database.text],
                in: folder)
            #expect(code == 1)
            #expect(output.contains("cannot be reached: ") && output.contains("\"nosuch\" does not exist"))
            let (mistaken, refusal) = try await runToEnd(
                [try RunningNode.binary(), "serve"],
                environment: ["KEYBELL_DATABASE_URL": "postgres://a@b/c?sslmode=bogus"], in: folder)
            #expect(mistaken == 2 && refusal.contains("KEYBELL_DATABASE_URL"), "\(refusal)")
        }

        @Test func `every start without an owner says where the bootstrap token is`() async throws {
            try await RunningNode.with(.scratch()) { node in
                for _ in 1...2 {
                    #expect(node.log.contains(node.folder.file("data/bootstrap-token")))
                    #expect(node.log.contains("/v1/bootstrap"))
                    #expect(try await node.stop() == 0)
                    unlink(node.folder.file("service.log"))
                    try await node.start()
                }
                #expect(node.log.contains("There is no owner yet"), "\(node.log)")
            }
        }

        @Test func `a unix socket is served, and taken over from a node that was killed`() async throws {
            let folder = try TestFolder()
            defer { folder.remove() }
            let socket = folder.file("kb.sock")
            guard case .database(let database) = try await RunningNode.Store.scratch() else { return }
            for ending in [SIGKILL, SIGTERM] {
                let node = try await TestProcess(
                    [try RunningNode.binary(), "serve"],
                    environment: [
                        "KEYBELL_LISTEN": "unix:\(socket)", "KEYBELL_LOOPS": "2",
                        "KEYBELL_DATABASE_URL": database.text, "KEYBELL_DATA_DIR": folder.file("data"),
                        "KEYBELL_ROOT_KEY_FILE": folder.file("root.key"),
                    ], log: folder.file("service.log"), lastSignal: "TERM")
                let ask = [
                    "/usr/bin/env", "curl", "-sS", "--unix-socket", socket, "http://localhost/healthz",
                ]
                var answer = ""
                do {
                    try await wait(until: "the socket answers") {
                        answer = try await runToEnd(ask, in: folder).output
                        return answer.contains("ok")
                    }
                } catch {
                    Issue.record("\(answer)\n\(folder.read("service.log") ?? "")")
                }
                await node.end(by: ending)
            }
            let (code, _) = try await runToEnd(["/usr/bin/env", "test", "-e", socket], in: folder)
            #expect(code == 1, "whoever ends in order removes the file")
        }

        @Test func `a start that fails leaves no private cluster behind`() async throws {
            try await RunningNode.with(.privateCluster) { node in
                #expect(try await node.stop() == 0)
                // What is sealed in the database needs its own, and the database has to be up to show that.
                unlink(node.folder.file("root.key"))
                try RootKey().store(atFile: node.folder.file("root.key"))
                try await node.launch()
                #expect(try await node.exited() == 1)
                #expect(node.clusterPID == nil, Comment(rawValue: String(node.log.suffix(1_000))))
            }
        }

        @Test func `check-config tells every mistake at once, and no secret`() async throws {
            let folder = try TestFolder()
            defer { folder.remove() }
            let secret = "hunter2-of-the-database"
            let settings = [
                "KEYBELL_LISTEN": "0.0.0.0:8720", "KEYBELL_LOOPS": "none", "KEYBELL_LOG": "loud",
                "KEYBELL_DATABASE_URL": "postgres://desk:\(secret)@db:port/keybell",
                "KEYBELL_ROOT_KEY": secret, "KEYBELL_PRIVATE_WEBHOOK": "true",
                "KEYBELL_TLS_KEY": "relative/\(secret)", "KEYBELL_DATA_DIR": "relative",
            ]
            for command in ["check-config", "serve"] {
                let (code, output) = try await runToEnd(
                    [try RunningNode.binary(), command], environment: settings, in: folder)
                #expect(code == 2)
                for name in settings.keys where name != "KEYBELL_ROOT_KEY" {
                    #expect(output.contains(name), "\(name) is wrong, and not named:\n\(output)")
                }
                #expect(output.contains("did you mean KEYBELL_PRIVATE_WEBHOOKS"))
                #expect(!output.contains(secret))
            }
        }

        @Test func `a file with the root key that others may read is refused`() async throws {
            let folder = try TestFolder()
            defer { folder.remove() }
            let file = folder.file("settings")
            let key = "kbroot1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-RJn6K"
            for (mode, code) in [(mode_t(0o644), Int32(2)), (0o600, 0)] {
                let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
                let text = Array("KEYBELL_ROOT_KEY=\(key)\n".utf8)
                #expect(write(descriptor, text, text.count) == text.count)
                close(descriptor)
                chmod(file, mode)
                let (ended, output) = try await runToEnd(
                    [try RunningNode.binary(), "check-config", "--env-file", file], in: folder)
                #expect(ended == code && output.contains("chmod 600") == (code == 2), "\(output)")
            }
        }

        @Test func `check-config shows what holds, without the password`() async throws {
            let folder = try TestFolder()
            defer { folder.remove() }
            let secret = "hunter2-of-the-database"
            let (code, output) = try await runToEnd(
                [try RunningNode.binary(), "check-config"],
                environment: ["KEYBELL_DATABASE_URL": "postgres://desk:\(secret)@db.example/keybell"],
                in: folder)
            #expect(code == 0)
            #expect(output.contains("db.example"))
            #expect(!output.contains(secret))
        }
    }
}
