import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// Revoked keys of a testnet against a stand-in exchange, which verifies signatures with code of its own.
    @Suite struct KeyDeletionTests {
        private static let secret = "the-secret-of-the-desk-at-bybit"
        private static let deletionPath = "/v5/user/delete-api"

        private static func with(
            _ body: @Sendable @escaping (StandInExchange, RunningNode) async throws -> Void
        ) async throws {
            try await StandInExchange.with { standIn in
                for label in ["a", "b", "c"] {
                    try await standIn.register(
                        .init(
                            .bybit, "key-\(label)", .secret(secret + label),
                            permissions: ["read", "trade_spot", "transfer"]))
                }
                let settings = ["KEYBELL_STANDIN_BYBIT_TESTNET_MAIN": standIn.baseURL(.bybit)]
                try await RunningNode.with(.scratch(), settings) { node in
                    try await node.bootstrap()
                    try await body(standIn, node)
                }
            }
        }

        /// A revoked key; its id.
        private static func revoked(_ label: String, _ node: RunningNode) async throws -> String {
            let key = try await node.must(
                "POST", "/v1/keys",
                [
                    "exchange": "bybit", "account": "main", "label": .string(label),
                    "environment": "testnet",
                    "credential": ["api_key": .string("key-\(label)"), "secret": .string(secret + label)],
                ])
            let answer = try await node.must("POST", "/v1/keys/\(key.id)/revoke", ["reason": "a drill"])
            #expect(answer["at_the_exchange"]?["way"] == "api", "\(answer)")
            return key.id
        }

        private static func deletion(_ id: String, _ node: RunningNode) async throws -> JSONValue {
            try await node.must("GET", "/v1/key-deletions?key_id=\(id)")["data"]?[0] ?? .null
        }

        /// Runs the job until the deletion is as wanted.
        private static func work(
            _ id: String, _ node: RunningNode, until what: String, _ isSo: (JSONValue) -> Bool
        ) async throws {
            try await wait(until: what) {
                // It may be under way by itself.
                _ = try await node.call("POST", "/v1/jobs/key-deletion/run")
                return isSo(try await deletion(id, node))
            }
        }

        private static func check(_ id: String, _ node: RunningNode) async throws -> JSONValue {
            try await node.must("POST", "/v1/keys/\(id)/versions/1/deletion/check")
        }

        @Test func `a revoked key is deleted at its exchange, once, and seen to be refused`() async throws {
            try await Self.with { standIn, node in
                let id = try await Self.revoked("a", node)
                try await Self.work(id, node, until: "the exchange said that it is done") {
                    $0["state"] != "due"
                }
                let proven = try await Self.check(id, node)
                #expect(proven["state"] == "proven" && proven["proof"]?["code"] == "10003", "\(proven)")
                let sent = try await standIn.requests(.bybit, apiKey: "key-a")
                #expect(sent.filter { $0.path == Self.deletionPath }.map(\.verdict) == ["accepted"])
                #expect(!node.log.contains(Self.secret))
            }
        }

        @Test func `an exchange that keeps what it says it deleted is found out`() async throws {
            try await Self.with { standIn, node in
                var lie = StandInExchange.Behaviour()
                lie.keep = true
                try await standIn.behave(lie, at: .bybit)
                let id = try await Self.revoked("b", node)
                try await Self.work(id, node, until: "the exchange said that it is done") {
                    $0["state"] != "due"
                }
                let found = try await Self.check(id, node)
                #expect(found["state"] == "due" && found["outcome"] == "confirmed", "\(found)")
                #expect(found["error"]?.asString?.contains("still takes the key") == true)
            }
        }

        @Test func `a node that is killed while it asks never asks again without a look`() async throws {
            try await Self.with { standIn, node in
                var stall = StandInExchange.Behaviour()
                stall.path = Self.deletionPath
                stall.stallMilliseconds = 600_000
                try await standIn.behave(stall, at: .bybit)
                let id = try await Self.revoked("c", node)
                try await wait(until: "the request has left") {
                    _ = try await node.call("POST", "/v1/jobs/key-deletion/run")
                    return try await standIn.requests(.bybit).contains { $0.path == Self.deletionPath }
                }
                await node.killHard()
                try await node.start()
                let told = try await Self.deletion(id, node)
                #expect(told["requests"] == 1 && told["state"] == "due", "\(told)")
                #expect(try await Self.check(id, node)["state"] == "proven")
                let sent = try await standIn.requests(.bybit).filter { $0.path == Self.deletionPath }
                #expect(sent.count == 1)
            }
        }

        @Test func `a rotation has the old key deleted, and ends when it is refused`() async throws {
            try await Self.with { standIn, node in
                let key = try await node.must(
                    "POST", "/v1/keys",
                    [
                        "exchange": "bybit", "account": "main", "label": "rotated", "environment": "testnet",
                        "credential": ["api_key": "key-a", "secret": .string(Self.secret + "a")],
                    ])
                let path = "/v1/keys/\(key.id)"
                try await node.must(
                    "POST", path + "/verify", ["accept_risks": "the stand-in restricts no address"])
                let opened = try await node.must(
                    "POST", path + "/rotations",
                    ["credential": ["api_key": "key-b", "secret": .string(Self.secret + "b")]])
                let rotation = "\(path)/rotations/\(opened.id)"
                #expect(try await node.must("POST", rotation + "/advance")["state"] == "overlap")
                let retiring = try await node.must("POST", rotation + "/advance", ["end_overlap": true])
                #expect(retiring["state"] == "retiring", "\(retiring)")
                // What was deleted is not brought back.
                let late = try await node.call("POST", rotation + "/rollback", ["reason": "too late"])
                #expect(late.status == 409, "\(late.text)")
                let done = try await node.must("POST", rotation + "/advance")
                #expect(done["state"] == "done" && done["proof"]?["code"] == "10003", "\(done)")
                let sent = try await standIn.requests(.bybit, apiKey: "key-a")
                #expect(sent.filter { $0.path == Self.deletionPath }.map(\.verdict) == ["accepted"])
                #expect(try await node.must("POST", path + "/verify")["outcome"] == "confirmed")
            }
        }
    }
}
