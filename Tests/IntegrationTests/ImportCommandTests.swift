import Foundation
import Glibc
import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// `keybell import`, as people call it, against a service that answers by a script.
    @Suite final class ImportCommandTests {
        private let folder: TestFolder
        private let service: Receiver
        private let url: String

        init() throws {
            folder = try TestFolder()
            service = try Receiver { attempt in Self.answer(attempt) }
            url = String(service.url.dropLast("/keybell".count))
            try folder.write("kbt_token\n", to: "token")
        }

        deinit {
            service.stop()
            folder.remove()
        }

        @Test func `files are previewed, checked against the service, and registered`() async throws {
            let (code, output) = try await run([fixture("dotenv"), fixture("keys.json"), "--yes"])
            #expect(code == 1, "one was refused: \(output)")
            for words in [
                "binance        testnet", "not usable: the secret stands in another file",
                "twice: the same as 1",
                "already in Keybell: key_01kbybit", "1  registered as key_01kbinance, quarantined",
                "4  refused: Taken; /label is taken", "What to do next", fixture("dotenv"),
            ] {
                #expect(output.contains(words), "\(words) in \(output)")
            }
            let sent = service.accepted.filter { $0.request.startLine.hasPrefix("POST /v1/keys ") }
            #expect(sent.first?.json["credential"]?["secret"] == "thrMainBinanceSecret0123456789")
            #expect(sent.allSatisfy { $0.json["origin"] == "file" })
            #expect(sent.allSatisfy { $0.request.header("authorization") == "Bearer kbt_token" })
            expectNoSecret(in: output)
        }

        @Test func `without a yes nothing is registered`() async throws {
            let (code, output) = try await run([fixture("dotenv")])
            #expect(code == 1 && output.contains("nothing was registered"), "\(output)")
            #expect(service.accepted.map(\.request.startLine) == ["POST /v1/keys/import HTTP/1.1"])
            expectNoSecret(in: output)
        }

        @Test func `without a token the preview is all there is`() async throws {
            let (code, output) = try await runToEnd(
                [try RunningNode.binary(), "import", fixture("dotenv"), "--url", url], in: folder)
            #expect(code == 1 && output.contains("there is no access token"), "\(output)")
            #expect(output.contains("not checked"))
            #expect(service.accepted.isEmpty && service.others.isEmpty)
            expectNoSecret(in: output)
        }

        @Test func `a service that has no dry run is asked one by one`() async throws {
            service.answer { attempt in
                attempt.request.startLine.contains("/import") ? .status(404) : Self.answer(attempt)
            }
            let (code, output) = try await run([fixture("freqtrade.json"), "--yes", "--label-prefix", "old"])
            #expect(code == 0 && output.contains("not checked"), "\(output)")
            #expect(service.accepted.map { $0.json["label"] } == ["old swing bot"])
        }

        @Test func `a service that says no, or is not there, ends it with its own words`() async throws {
            service.answer { _ in .json(401, #"{"detail":"The access token is not valid."}"#) }
            let (code, output) = try await run([fixture("dotenv"), "--yes"])
            #expect(code == 1 && output.contains("keybell: The access token is not valid."), "\(output)")
            let nowhere = try await runToEnd(
                [
                    try RunningNode.binary(), "import", fixture("dotenv"), "--yes", "--token-file",
                    folder.file("token"), "--url", "http://127.0.0.1:1",
                ], in: folder)
            #expect(nowhere.code == 1 && nowhere.output.contains("not connected"), "\(nowhere.output)")
            expectNoSecret(in: output + nowhere.output)
        }

        @Test func `nothing to register, and files that are not there, are exit code 1`() async throws {
            try folder.write("LOG_LEVEL=info", to: "empty")
            let (code, output) = try await run([folder.file("empty")])
            #expect(code == 1 && output.contains("holds no exchange credentials"), "\(output)")
            let missing = try await run([folder.file("missing")])
            #expect(missing.code == 1 && missing.output.contains("No such file"), "\(missing.output)")
            try folder.write(String(repeating: "#", count: 1 << 20) + "\n", to: "long")
            let long = try await run([folder.file("long")])
            #expect(long.code == 1 && long.output.contains("longer than 1048576 bytes"), "\(long.output)")
        }

        @Test func `password, token and answer are asked for at the terminal`() async throws {
            let terminal = try PseudoTerminal()
            let script = #"terminal="$1"; shift; exec "$@" <"$terminal""#
            let process = try await TestProcess(
                [
                    "/bin/sh", "-c", script, "sh", terminal.path, try RunningNode.binary(), "import",
                    fixture("hummingbot/connectors/okx.yml"), "--url", url,
                ], log: folder.file("terminal.log"), ownSession: true)
            try await asked("hummingbot's password (not shown)")
            #expect(!terminal.echoes)
            try terminal.type("wrong\n")
            try await asked("does not open the files\nhummingbot's password")
            try terminal.type("Passwort für den Bot\n")
            try await asked("Access token (not shown)")
            #expect(!terminal.echoes)
            try terminal.type("kbt_typed\n")
            try await asked("Register this key at \(url)? [y/N]")
            #expect(terminal.echoes)
            try terminal.type("y\n")
            #expect(try await process.exited() == 0)
            let output = folder.read("terminal.log") ?? ""
            #expect(output.contains("1  registered as key_01kokx, quarantined"), "\(output)")
            #expect(!terminal.seen().contains("kbt_typed"))
            expectNoSecret(in: output)
            #expect(service.accepted.last?.request.header("authorization") == "Bearer kbt_typed")
            #expect(service.accepted.last?.json["credential"]?["passphrase"] == "throw away words")
        }

        // MARK: Calls

        private func run(_ arguments: [String]) async throws -> (code: Int32, output: String) {
            try await runToEnd(
                [try RunningNode.binary(), "import"] + arguments
                    + ["--url", url, "--token-file", folder.file("token")], in: folder)
        }

        private func fixture(_ name: String) -> String {
            "\(projectFolder())/Tests/Fixtures/keyfiles/\(name)"
        }

        private func asked(_ words: String) async throws {
            try await wait(until: words) { folder.read("terminal.log")?.contains(words) == true }
        }

        /// Every secret and API key of the fixtures, whole.
        private func expectNoSecret(in output: String) {
            for secret in [
                "Secret0123", "SECRET0123", "thrMainBinanceKey", "0b1c2d3e-4f50", "pass with", "pass / word",
                "throw away words", "dGhyb3ct", "kbt_", "Passwort",
            ] {
                #expect(!output.contains(secret), "\(secret) is in \(output)")
            }
        }

        /// Bybit's keys are there already; the label of OKX's is taken.
        private static func answer(_ attempt: Receiver.Attempt) -> Receiver.Reply {
            if attempt.request.startLine.hasPrefix("POST /v1/keys/import ") {
                let rows = (attempt.json["entries"]?.asArray ?? []).map { entry in
                    entry["exchange"] == "bybit"
                        ? #"{"verdict":"duplicate_secret","key_id":"key_01kbybit"}"# : #"{"verdict":"new"}"#
                }
                return .json(200, "{\"data\":[\(rows.joined(separator: ","))]}")
            }
            let exchange = attempt.json["exchange"]?.asString ?? ""
            if exchange == "okx", attempt.json["credential"]?["passphrase"] != "throw away words" {
                let mistake = #"{"pointer":"/label","message":"is taken"}"#
                return .json(
                    409, "{\"code\":\"already_exists\",\"detail\":\"Taken\",\"errors\":[\(mistake)]}")
            }
            return .json(201, "{\"id\":\"key_01k\(exchange)\",\"status\":\"quarantined\"}")
        }
    }
}
