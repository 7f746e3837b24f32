import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// Every node is equal, and what one acknowledged the other knows.
    @Suite struct TwoNodesTests {
        private func withTwoNodes(_ body: (RunningNode, RunningNode) async throws -> Void) async throws {
            let store = try await RunningNode.Store.scratch()
            try await RunningNode.with(store) { first in
                try await first.bootstrap()
                let rootKey = ["KEYBELL_ROOT_KEY_FILE": first.folder.file("root.key")]
                try await RunningNode.with(store, rootKey) { second in
                    try second.adopt(first.ownerToken)
                    try await body(first, second)
                }
            }
        }

        @Test func `a node that starts before the first owner leaves the other node's token valid`()
            async throws
        {
            let store = try await RunningNode.Store.scratch()
            try await RunningNode.with(store) { first in
                let token = first.folder.read("data/bootstrap-token")
                let rootKey = ["KEYBELL_ROOT_KEY_FILE": first.folder.file("root.key")]
                try await RunningNode.with(store, rootKey) { second in
                    #expect(second.folder.read("data/bootstrap-token") == nil)
                    #expect(second.log.contains(":\(first.folder.file("data/bootstrap-token"))"))
                    #expect(!second.log.contains(token ?? "no token"))
                    _ = try await first.stop()
                    try await first.start()
                    #expect(first.folder.read("data/bootstrap-token") == token)
                    try await first.bootstrap()
                    try second.adopt(first.ownerToken)
                    #expect(try await second.call("GET", "/v1/me").status == 200)
                }
            }
        }

        @Test func `a revocation on one node counts in the very next request to the other`() async throws {
            try await withTwoNodes { first, second in
                let bot = try await first.must(
                    "POST", "/v1/service-accounts", ["name": "feed", "purpose": "reads keys"])
                try await second.must(
                    "POST", "/v1/grants", ["principal_id": .string(bot.id), "role": "bot", "effect": "allow"])
                for round in 0..<20 {
                    let made = try await first.must(
                        "POST", "/v1/access-tokens",
                        ["principal_id": .string(bot.id), "name": .string("round \(round)")])
                    let token = RunningNode.Token.text(made["token"]?.asString ?? "")
                    // Twice, so that every worker of the other node has a chance to remember it.
                    for _ in 0..<4 {
                        #expect(try await second.call("GET", "/v1/me", token: token).status == 200)
                    }
                    try await first.must("POST", "/v1/access-tokens/\(made.id)/revoke", ["reason": "a test"])
                    for _ in 0..<4 {
                        #expect(try await second.call("GET", "/v1/me", token: token).status == 401)
                    }
                }
            }
        }

        @Test func `when one of two nodes is killed, the other delivers what was pending, and jobs go on`()
            async throws
        {
            let receiver = try Receiver { _ in .held }
            defer { receiver.stop() }
            try await withTwoNodes { first, second in
                try await first.makeWebhook(to: receiver, "custom.*")
                let key = try await first.makeKey("seen by both")
                #expect(try await second.must("GET", "/v1/keys/\(key.id)").id == key.id)
                try await first.pushAll(0..<10)
                try await wait(until: "the first node's attempts") { receiver.idsOfNumbers.count == 10 }

                await first.killHard()
                receiver.answer { _ in .status(204) }
                try await second.pushAll(10..<20)
                let run = try await second.must("POST", "/v1/jobs/rotation-due/run")
                try await wait(until: "the run by hand succeeds") {
                    let runs = try await second.must("GET", "/v1/jobs/rotation-due/runs")
                    return runs["data"]?.asArray?.contains {
                        $0.id == run.id && $0["outcome"] == "succeeded"
                    } ?? false
                }
                try await wait(until: "everything at the receiver") { receiver.numbers == Set(0..<20) }
                #expect(receiver.idsOfNumbers.values.allSatisfy { $0.count == 1 })
            }
        }
    }
}
