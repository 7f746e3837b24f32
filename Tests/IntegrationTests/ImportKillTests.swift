import EventLoop
import Glibc
import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// kill -9 of the node while keys are imported.
    @Suite struct ImportKillTests {
        private static let count = 40
        private static let kills = 5

        private static func secret(_ number: Int) -> String { "imported-secret-number-\(number)" }

        private static let body: JSONValue = [
            "entries": .array(
                (0..<count).map { number in
                    [
                        "exchange": "bybit", "account": .string("k\(number)"),
                        "label": .string("bot \(number)"), "environment": "live", "readable": true,
                        "origin": "file",
                        "credential": [
                            "api_key": .string("api-key-\(number)"), "secret": .string(secret(number)),
                        ],
                    ]
                })
        ]

        @Test func `an import whose node is killed -9 is sent again, and every key is there once and whole`()
            async throws
        {
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                var present = 0
                for round in 1...Self.kills {
                    async let answer = try? await node.call("POST", "/v1/keys/import", Self.body)
                    // Each time after some more.
                    let enough = min(present + round, Self.count)
                    try await wait(until: "\(enough) keys") { try await keys(node).count >= enough }
                    await node.killHard()
                    _ = await answer
                    try await node.start()
                    let found = try await keys(node)
                    #expect(found.count >= present, "what was registered stays")
                    present = found.count
                    for key in found { try await expectWhole(key, node) }
                }
                let told = try await node.must("POST", "/v1/keys/import", Self.body)
                let verdicts = told["data"]?.asArray?.compactMap { $0["verdict"]?.asString } ?? []
                #expect(verdicts.count { $0 == "duplicate_secret" } == present)
                #expect(verdicts.count { $0 == "registered" } == Self.count - present)
                let all = try await keys(node)
                #expect(all.count == Self.count)
                for key in all { try await expectOpens(key, node) }
                try await expectToldOnce(all, node)
            }
        }

        @Test func `a command whose node is killed -9 says so, and the next one takes in the rest`()
            async throws
        {
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                let lines = (0..<Self.count).map { number in
                    "K\(number)_BYBIT_API_KEY=api-key-\(number)\n"
                        + "K\(number)_BYBIT_SECRET=\(Self.secret(number))\n"
                }
                try node.folder.write(lines.joined(), to: "many.env")
                try node.folder.write(node.ownerToken + "\n", to: "token")
                let command = [
                    try RunningNode.binary(), "import", node.folder.file("many.env"), "--yes", "--url",
                    "http://127.0.0.1:\(node.port)", "--token-file", node.folder.file("token"),
                ]
                let first = try await TestProcess(command, log: node.folder.file("first"))
                try await wait(until: "some keys are registered") { try await keys(node).count >= 5 }
                await node.killHard()
                let code = try await first.exited()
                let words = node.folder.read("first") ?? ""
                try await node.start()
                let present = try await keys(node)
                #expect((code == 0) == (present.count == Self.count), "\(words)")
                for key in present { try await expectWhole(key, node) }

                let (again, output) = try await runToEnd(command, in: node.folder)
                #expect(again == 0, "\(output)")
                let all = try await keys(node)
                #expect(Set(all.compactMap { $0["account"]?.asString }).count == Self.count)
                #expect(all.count == Self.count)
                try await expectToldOnce(all, node)
                #expect(!words.contains("imported-secret") && !node.log.contains("imported-secret"))
            }
        }

        private func keys(_ node: RunningNode) async throws -> [JSONValue] {
            try await node.must("GET", "/v1/keys?limit=200")["data"]?.asArray ?? []
        }

        /// No key without its secret, nor without the rotation that a secret from a file asks for.
        private func expectWhole(_ key: JSONValue, _ node: RunningNode) async throws {
            #expect(key["current_version"] == 1 && key["status"] == "quarantined", "\(key)")
            #expect(key["versions"]?.asArray?.count == 1, "\(key)")
            let rotations = try await node.must("GET", "/v1/keys/\(key.id)/rotations")
            #expect(rotations["data"]?.asArray?.count == 1, "\(rotations)")
        }

        private func expectOpens(_ key: JSONValue, _ node: RunningNode) async throws {
            try await expectWhole(key, node)
            let shown = try await node.must("POST", "/v1/keys/\(key.id)/reveal", ["reason": "to see"])
            let number = key["account"]?.asString.flatMap { Int($0.dropFirst()) } ?? -1
            #expect(shown["secret"]?.asString == Self.secret(number))
        }

        private func expectToldOnce(_ keys: [JSONValue], _ node: RunningNode) async throws {
            let told = try await node.told("key.registered").compactMap { $0["subject"]?.asString }
            #expect(told.sorted() == keys.map(\.id).sorted())
        }
    }
}
