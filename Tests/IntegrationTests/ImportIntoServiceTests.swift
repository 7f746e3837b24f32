import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// `keybell import` and the real service.
    @Suite final class ImportIntoServiceTests {
        private let folder: TestFolder

        init() throws { folder = try TestFolder() }

        deinit { folder.remove() }

        @Test func `what lies in files becomes keys, quarantined, and a second call finds them all there`()
            async throws
        {
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                // A key of that name: the imported one gets another.
                try await node.must(
                    "POST", "/v1/keys",
                    ["exchange": "okx", "account": "main", "label": "okx demo", "environment": "demo"])
                let files = ["dotenv", "freqtrade.json"].map(fixture)

                let (code, output) = try await run(files, node)
                #expect(code == 0, "\(output)")
                let keys = try await keys(of: node)
                #expect(
                    keys.map { $0["label"]?.asString } == [
                        "binance", "binance sub1", "binance testnet", "bybit 2", "kraken", "okx demo",
                        "okx demo 2", "swing bot",
                    ])
                for key in keys where key["label"] != "okx demo" {
                    #expect(key["status"] == "quarantined")
                    let versions = try await node.must("GET", "/v1/keys/\(key.id)/versions")
                    #expect(versions["data"]?[0]?["origin"] == "file", "\(versions)")
                    #expect(output.contains("registered as \(key.id)"))
                }
                #expect(!node.log.contains("Secret0123") && !output.contains("Secret0123"))

                let again = try await run(files, node)
                #expect(again.code == 0, "\(again.output)")
                #expect(again.output.contains("already in Keybell: \(keys[0].id)"))
                #expect(try await self.keys(of: node).count == keys.count)
            }
        }

        @Test func `an import that is killed -9 is called again, and every key is there once`() async throws {
            let count = 40
            let lines = (0..<count).map { number in
                "K\(number)_BYBIT_API_KEY=thrKey\(number)\nK\(number)_BYBIT_SECRET=thrSecret\(number)\n"
            }
            try folder.write(lines.joined(), to: "many.env")
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                for round in 1...3 {
                    let process = try await start([folder.file("many.env")], node, log: "killed-\(round)")
                    try await wait(until: "some keys are registered") {
                        try await keys(of: node).count >= 10 * round || process.exitCode() != nil
                    }
                    await process.end()
                }
                let (code, output) = try await run([folder.file("many.env")], node)
                #expect(code == 0, "\(output)")
                let accounts = try await keys(of: node).compactMap { $0["account"]?.asString }
                #expect(accounts.count == count)
                #expect(Set(accounts) == Set((0..<count).map { "k\($0)" }))
            }
        }

        // MARK: Calls

        private func command(_ files: [String], _ node: RunningNode) throws -> [String] {
            try folder.write(node.ownerToken + "\n", to: "token")
            return [try RunningNode.binary(), "import"] + files
                + ["--yes", "--url", "http://127.0.0.1:\(node.port)", "--token-file", folder.file("token")]
        }

        private func run(
            _ files: [String], _ node: RunningNode
        ) async throws -> (code: Int32, output: String) {
            try await runToEnd(command(files, node), in: folder)
        }

        private func start(_ files: [String], _ node: RunningNode, log: String) async throws -> TestProcess {
            try await TestProcess(command(files, node), log: folder.file(log))
        }

        private func keys(of node: RunningNode) async throws -> [JSONValue] {
            let page = try await node.must("GET", "/v1/keys?limit=200&sort=label")
            return page["data"]?.asArray ?? []
        }

        private func fixture(_ name: String) -> String {
            "\(projectFolder())/Tests/Fixtures/keyfiles/\(name)"
        }
    }
}
