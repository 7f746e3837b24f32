import EventLoop
import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// What every request meets, whatever it asks for.
    @Suite struct PipelineTests {
        @Test func `OPTIONS of the server names every method that some path takes`() async throws {
            try await RunningNode.with(.scratch()) { node in
                let connection = try LoopbackConnection(to: node.port)
                try connection.send("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                let answer = try #require(try await blockingThreads.run { try connection.receive() })
                #expect(answer.status == 204)
                #expect(answer.header("allow") == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")
            }
        }

        @Test func `what is left of a caller's rate is less than what the policy allows`() async throws {
            try await RunningNode.with(.scratch(), ["KEYBELL_RATE_LIMIT": "50"]) { node in
                let answer = try await node.call("GET", "/healthz", token: nil)
                #expect(answer.header("ratelimit-policy") == "\"default\";q=100;w=2")
                let left = answer.header("ratelimit")?.split(separator: ";")[1].dropFirst("r=".count)
                #expect((90..<100).contains(left.flatMap { Int($0) } ?? 0))
            }
        }

        /// All on one connection, which is one loop's; what is pipelined is handled one after another.
        @Test func `who guesses access tokens is limited by address, and who is known beside them is not`()
            async throws
        {
            try await RunningNode.with(.scratch(), ["KEYBELL_RATE_LIMIT": "1"]) { node in
                try await node.bootstrap()
                let connection = try LoopbackConnection(to: node.port)
                func ask(as token: String) throws {
                    try connection.send(
                        "GET /v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n")
                }
                func answer() async throws -> LoopbackMessage {
                    try #require(try await blockingThreads.run { try connection.receive() })
                }
                try ask(as: node.ownerToken)
                #expect(try await answer().status == 200)
                let wrong = "kbt_" + String(repeating: "0", count: node.ownerToken.count - 4)
                for _ in 0..<40 { try ask(as: wrong) }
                try ask(as: node.ownerToken)
                var answers: [LoopbackMessage] = []
                for _ in 0..<40 { answers.append(try await answer()) }
                #expect(Set(answers.map(\.status)).isSubset(of: [401, 429]))
                let limited = answers.filter { $0.status == 429 }
                #expect(limited.count > 20 && limited.allSatisfy { $0.header("retry-after") == "1" })
                #expect(try await answer().status == 200)
            }
        }
    }
}
