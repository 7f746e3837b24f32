import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// Every node is equal, and what one acknowledged the other knows.
    @Suite struct TwoNodesTests {
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
            try await RunningNode.withTwo { first, second in
                let bot = try await first.must(
                    "POST", "/v1/service-accounts", ["name": "feed", "purpose": "reads keys"])
                try await second.must(
                    "POST", "/v1/grants",
                    ["principal_id": .string(bot.id), "role": "bot", "effect": "allow", "on": [:]])
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

        /// A signature asks nobody who its caller is: its batch compares.
        @Test func `T7: a token that one node revoked signs nothing on the other`() async throws {
            // A port where nobody listens: what an exchange is asked for its time goes nowhere.
            let settings = ["KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": "http://127.0.0.1:9"]
            try await RunningNode.withTwo(settings) { first, second in
                let bot = try await first.must(
                    "POST", "/v1/service-accounts", ["name": "feed", "purpose": "signs"])
                let grant = try await first.must(
                    "POST", "/v1/grants",
                    ["principal_id": .string(bot.id), "role": "bot", "effect": "allow", "on": [:]])
                let sign =
                    "/v1/keys/\(try await first.makeKey("used", in: "testnet")["id"]?.asString ?? "")/sign"
                let body: JSONValue = ["method": "GET", "host": "spot", "path": "/api/v3/account"]
                func expect(_ status: Int, _ code: String, _ token: RunningNode.Token) async throws {
                    // So that every worker of the other node has a chance to remember it.
                    for _ in 0..<6 {
                        let answer = try await second.call("POST", sign, body, token: token)
                        #expect(answer.status == status && answer.text.contains(code), "\(answer.text)")
                    }
                }
                func make(_ name: String) async throws -> (id: String, token: RunningNode.Token) {
                    let made = try await first.must(
                        "POST", "/v1/access-tokens",
                        ["principal_id": .string(bot.id), "name": .string(name)])
                    return (made.id, .text(made["token"]?.asString ?? ""))
                }
                let kept = try await make("kept")
                for round in 0..<6 {
                    let (id, token) = try await make("round \(round)")
                    // The key has no policy.
                    try await expect(403, "policy_denied", token)
                    try await first.must("POST", "/v1/access-tokens/\(id)/revoke", ["reason": "a test"])
                    try await expect(401, "unauthenticated", token)
                    // What moved the epoch was about another token.
                    try await expect(403, "policy_denied", kept.token)
                }
                _ = try await first.call("DELETE", "/v1/grants/\(grant.id)")
                try await expect(403, "missing_permission", kept.token)
            }
        }

        /// Nor does an event that is pushed: its transaction compares. What is said of a bad one is said to
        /// nobody whose token is revoked, either.
        @Test func `a token that one node revoked pushes nothing to the other`() async throws {
            try await RunningNode.withTwo { first, second in
                let good: JSONValue = ["type": "custom.seen", "data": ["n": 1]]
                let bad: JSONValue = ["type": "custom.seen", "data": 7]
                func expect(_ statuses: [Int], _ token: RunningNode.Token) async throws {
                    // So that every worker of the other node has a chance to remember it.
                    for _ in 0..<6 {
                        for (body, status) in zip([good, bad], statuses) {
                            let answer = try await second.call("POST", "/v1/events", body, token: token)
                            #expect(answer.status == status, "\(answer.text)")
                        }
                    }
                }
                let bot = try await first.must(
                    "POST", "/v1/service-accounts", ["name": "feed", "purpose": "pushes events"])
                try await first.must(
                    "POST", "/v1/grants",
                    ["principal_id": .string(bot.id), "role": "bot", "effect": "allow", "on": [:]])
                for round in 1...6 {
                    let made = try await first.must(
                        "POST", "/v1/access-tokens",
                        ["principal_id": .string(bot.id), "name": .string("round \(round)")])
                    let token = RunningNode.Token.text(made["token"]?.asString ?? "")
                    try await expect([201, 422], token)
                    try await first.must("POST", "/v1/access-tokens/\(made.id)/revoke", ["reason": "a test"])
                    try await expect([401, 401], token)
                    #expect(try await first.told("custom.seen").count == 6 * round)
                }
            }
        }

        @Test func `an event that needs approval by now is not pushed to the other node`() async throws {
            try await RunningNode.withTwo { first, second in
                let event: JSONValue = ["type": "custom.seen", "data": ["n": 1]]
                for _ in 0..<6 { try await second.must("POST", "/v1/events", event) }
                try await first.must(
                    "POST", "/v1/approval-rules",
                    ["name": "pushes", "actions": ["pushEvents"], "on": [:], "approvals": 1, "role": "owner"])
                for _ in 0..<6 {
                    let answer = try await second.call("POST", "/v1/events", event)
                    #expect(answer.text.contains("approval_required"), "\(answer.text)")
                }
            }
        }

        @Test func `when one of two nodes is killed, the other delivers what was pending, and jobs go on`()
            async throws
        {
            let receiver = try Receiver { _ in .held }
            defer { receiver.stop() }
            try await RunningNode.withTwo { first, second in
                try await first.makeWebhook(to: receiver, "custom.*")
                let key = try await first.makeKey("seen by both")
                #expect(try await second.must("GET", "/v1/keys/\(key.id)").id == key.id)
                try await first.pushAll(0..<10)
                try await wait(until: "the first node's attempts") { receiver.idsOfNumbers.count == 10 }

                await first.killHard()
                receiver.answer { _ in .status(204) }
                #expect(try await first.lapse(.deliveries) ?? 0 <= 20)
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
