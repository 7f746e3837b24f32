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
        @Test func `who is not let in is limited, too: by address, or for themselves where they are known`()
            async throws
        {
            try await RunningNode.with(.scratch(), ["KEYBELL_RATE_LIMIT": "4"]) { node in
                // Asking whether it is ready took from the address what this needs.
                try await wait(until: "the first owner is let in") {
                    (try? await node.bootstrap()) != nil
                }
                let bot = try await node.must(
                    "POST", "/v1/service-accounts", ["name": "a bot", "purpose": "a"])
                let issued = try await node.must(
                    "POST", "/v1/access-tokens", ["name": "b", "principal_id": bot["id"] ?? .null])
                let powerless = try #require(issued["token"]?.asString)
                let wrong = "kbt_" + String(repeating: "0", count: node.ownerToken.count - 4)

                let connection = try LoopbackConnection(to: node.port)
                func statuses(of token: String, _ path: String, times: Int) async throws -> [Int: Int] {
                    let head = "Host: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n"
                    for _ in 0..<times { try connection.send("GET \(path) HTTP/1.1\r\n\(head)") }
                    var found: [Int: Int] = [:]
                    for _ in 0..<times {
                        let answer = try #require(try await blockingThreads.run { try connection.receive() })
                        #expect(answer.status != 429 || answer.header("retry-after") == "1")
                        found[answer.status, default: 0] += 1
                    }
                    return found
                }
                #expect(try await statuses(of: node.ownerToken, "/v1/me", times: 1) == [200: 1])
                let guesses = try await statuses(of: wrong, "/v1/me", times: 60)
                #expect(Set(guesses.keys).isSubset(of: [401, 429]) && guesses[429, default: 0] > 10)
                // Whoever is known pays for themselves, from the same address.
                #expect(try await statuses(of: node.ownerToken, "/v1/me", times: 1) == [200: 1])
                #expect(try await statuses(of: powerless, "/v1/users", times: 1).count == 1)
                let forbidden = try await statuses(of: powerless, "/v1/users", times: 60)
                #expect(Set(forbidden.keys).isSubset(of: [403, 429]) && forbidden[429, default: 0] > 10)
                #expect(try await statuses(of: node.ownerToken, "/v1/me", times: 1) == [200: 1])
            }
        }
    }
}
