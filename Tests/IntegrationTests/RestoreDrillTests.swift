import Glibc
import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// T15: the day on which the machine with the root key is gone, and a backup and shares are what is left.
    @Suite struct RestoreDrillTests {
        private static let secret = "the-secret-that-must-come-back"

        @Test func `T15: a backup and two of three shares bring every secret back`() async throws {
            try await RunningPostgres.with { server in
                _ = try await server.run("createdb", ["keybell"])
                try await RunningNode.with(.database(server.url("keybell"))) { node in
                    try await node.bootstrap()
                    let path = try await makeReadableKey(node)
                    let shares = try await node.splitRootKey(2, 3)
                    let dump = try await server.run("pg_dump", ["--no-owner", "keybell"])
                    #expect(try await node.stop() == 0)
                    try await lose(node, server)

                    try server.folder.write(dump, to: "keybell.sql")
                    let file = server.folder.file("keybell.sql")
                    _ = try await server.run("createdb", ["--template", "template0", "keybell"])
                    _ = try await server.run(
                        "psql", ["--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "-f", file, "keybell"])
                    try await node.startSealed()
                    #expect(try await node.call("GET", path).status == 503)
                    for share in [shares[2], shares[0]] {
                        try await node.must("POST", "/v1/system/unseal", ["share": .string(share)])
                    }
                    // It came past `keybell restore`: nothing is used before an owner has looked.
                    let early = try await node.call("POST", path + "/reveal", ["reason": "the drill"])
                    #expect(early.json["code"] == "restore_unconfirmed", "\(early.text)")
                    try await node.must(
                        "POST", "/v1/system/restore/confirm", ["reason": "the drill", "expect_actions": 0])
                    let shown = try await node.must("POST", path + "/reveal", ["reason": "the drill"])
                    #expect(shown["secret"]?.asString == Self.secret)
                    let trail = try await node.must("GET", "/v1/audit/verification")
                    #expect(trail["intact"] == true)
                    for share in shares { #expect(!node.log.contains(share)) }
                }
            }
        }

        private func makeReadableKey(_ node: RunningNode) async throws -> String {
            let key = try await node.must(
                "POST", "/v1/keys",
                [
                    "exchange": "binance", "account": "main", "label": "drill", "environment": "live",
                    "readable": true,
                    "credential": ["api_key": "api-key-of-the-drill", "secret": .string(Self.secret)],
                ])
            return "/v1/keys/\(key["id"]?.asString ?? "")"
        }

        private func lose(_ node: RunningNode, _ server: RunningPostgres) async throws {
            _ = try await server.run("dropdb", ["keybell"])
            #expect(unlink(node.folder.file("root.key")) == 0)
        }
    }
}
