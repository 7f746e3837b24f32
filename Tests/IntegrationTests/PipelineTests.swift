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
    }
}
