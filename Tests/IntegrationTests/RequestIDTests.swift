import TestSupport
import Testing

extension IntegrationTests {
    @Suite struct RequestIDTests {
        @Test func `a token that is sent as the request's id gets into no answer and no log`() async throws {
            try await RunningNode.with(.scratch(), ["KEYBELL_LOG": "debug"]) { node in
                try await node.bootstrap()
                for id in ["kbt_0example0example0example0example00000", "id-kbi_0example0example"] {
                    let answer = try await node.call(
                        "GET", "/v1/keys", headers: [(name: "x-request-id", value: id)])
                    let given = answer.header("x-request-id") ?? ""
                    #expect(!given.isEmpty && given != id)
                    try await wait(until: "the request is in the log") { node.log.contains(given) }
                    #expect(!node.log.contains("0example"))
                }
                let own = try await node.call(
                    "GET", "/v1/keys", headers: [(name: "x-request-id", value: "desk-7_b")])
                #expect(own.header("x-request-id") == "desk-7_b")
            }
        }
    }
}
