import Crypto
import EventLoop
import JSON
import Kernel
import TestSupport
import Testing

extension IntegrationTests {
    /// What somebody sends for longer than a request takes ends with what they came by.
    @Suite struct LongUploadTests {
        private static let paths = [
            "/v1/candles?source=bulk", "/v1/usage-events", "/v1/events", "/v1/facts", "/v1/token-metrics",
        ]

        @Test func `an upload ends when its access token is revoked, and is told so`() async throws {
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for path in Self.paths { group.addTask { try await Self.cut(path, of: node) } }
                    group.addTask { try await Self.cutOnce(of: node) }
                    group.addTask { try await Self.cutBound(of: node) }
                    try await group.waitForAll()
                }
            }
        }

        private static func cut(_ path: String, of node: RunningNode) async throws {
            let made = try await node.must("POST", "/v1/access-tokens", ["name": .string(path)])
            try await cut(Upload(to: node, path, made["token"]?.asString ?? ""), by: made, of: node)
        }

        /// All of it is held, to know what is asked once only.
        private static func cutOnce(of node: RunningNode) async throws {
            let made = try await node.must("POST", "/v1/access-tokens", ["name": "once"])
            let upload = try Upload(
                to: node, "/v1/service-accounts", made["token"]?.asString ?? "", type: "application/json",
                [("idempotency-key", "once")])
            try await cut(upload, by: made, of: node)
        }

        /// All of it is held, until it is known to be what was signed.
        private static func cutBound(of node: RunningNode) async throws {
            var signer = try RequestSigner()
            let made = try await node.must(
                "POST", "/v1/access-tokens",
                ["name": "bound", "public_key": .string(signer.key.publicKey.pem)])
            (signer.keyID, signer.authority) = (made.id, "127.0.0.1:\(node.port)")
            let fields = signer.fields(
                RequestSigner.Draft(
                    "POST", "/v1/events", body: Array("{}".utf8), created: Clock.system.now().seconds))
            try await cut(
                Upload(to: node, "/v1/events", made["token"]?.asString ?? "", fields), by: made, of: node)
        }

        private static func cut(
            _ upload: Upload, by made: JSONValue, of node: RunningNode
        ) async throws {
            try await upload.sendLine()
            try await node.must(
                "POST", "/v1/access-tokens/\(made["id"]?.asString ?? "")/revoke", ["reason": "lost"])
            let answer = try await upload.sendUntilAnswered()
            let isTold = answer.status == 401 && answer.json["code"] == "unauthenticated"
            #expect(isTold, "\(made["name"]?.asString ?? ""): \(answer.text)")
        }

        @Test func `an upload goes on for as long as its access token counts`() async throws {
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                let upload = try Upload(to: node, "/v1/candles?source=bulk", node.ownerToken)
                for _ in 0..<12 {
                    try await upload.sendLine()
                    try await Task.sleep(for: .milliseconds(100))
                }
                let answer = try await upload.finish()
                #expect(answer.status == 200 && answer.json["received"]?.asInt == 12, "\(answer.text)")
            }
        }
    }
}

/// Lines that are all refused, sent one by one: whether they are any good does not matter.
private final class Upload: Sendable {
    private let connection: LoopbackConnection

    init(
        to node: RunningNode, _ path: String, _ token: String, type: String = "application/x-ndjson",
        _ more: [(name: String, value: String)] = []
    ) throws {
        connection = try LoopbackConnection(to: node.port)
        try connection.send(
            node.head(
                "POST", path, length: nil, token: .text(token),
                headers: more + [
                    (name: "transfer-encoding", value: "chunked"), (name: "content-type", value: type),
                ]))
    }

    func sendLine() async throws {
        try await blockingThreads.run { [connection] in try connection.send("3\r\n{}\n\r\n") }
    }

    func finish() async throws -> LoopbackMessage {
        try await blockingThreads.run { [connection] in
            try connection.send("0\r\n\r\n")
            guard let answer = try connection.receive() else { throw LoopbackError.cut }
            return answer
        }
    }

    /// The service answers while more is to come, and closes.
    func sendUntilAnswered() async throws -> LoopbackMessage {
        for _ in 0..<(patienceSeconds * 10) {
            do {
                try await sendLine()
            } catch {
                break
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await blockingThreads.run { [connection] in
            guard let answer = try connection.receive() else { throw LoopbackError.cut }
            return answer
        }
    }
}
