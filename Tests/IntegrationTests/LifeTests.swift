import EventLoop
import Glibc
import JSON
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
