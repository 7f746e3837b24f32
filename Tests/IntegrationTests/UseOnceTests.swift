import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// One Idempotency-Key is one use, whoever asks at the same moment, and on whichever node.
    @Suite struct UseOnceTests {
        private static let asked = 12

        private func askAll(
            _ desk: UseDesk, _ key: String,
            _ ask: @escaping @Sendable (RunningNode) async throws -> LoopbackMessage
        ) async throws -> [LoopbackMessage] {
            try await withThrowingTaskGroup(of: LoopbackMessage.self) { group in
                for number in 0..<Self.asked { group.addTask { try await ask(desk.node(number)) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }

        private func expectOne(_ answers: [LoopbackMessage], _ later: JSONValue) {
            #expect(answers.count { $0.status == 200 } == 1)
            for answer in answers where answer.status != 200 {
                let code = answer.json["code"]
                #expect(answer.status == 409 && (code == "idempotency_in_flight" || code == later))
            }
        }

        /// Outcomes of all uses of the key that were allowed.
        private func uses(_ desk: UseDesk, _ key: String, _ way: String) async throws -> Int {
            let page = try await desk.nodes[0].must(
                "GET", "\(key)/usage?limit=200&way=\(way)&verdict=allowed")
            return page["data"]?.asArray?.count ?? -1
        }

        @Test func `of many signatures at once under one Idempotency-Key one is made`() async throws {
            try await UseDesk.run(nodes: 2) { desk in
                let key = try await desk.key("binance")
                try await desk.publish(UseDesk.policy(["read", "trade"]), at: key)
                let once = [(name: "idempotency-key", value: "once")]
                let signed = try await askAll(desk, key) { node in
                    try await node.insist("POST", key + "/sign", UseDesk.account, headers: once)
                }
                expectOne(signed, "already_done")
                #expect(try await uses(desk, key, "sign") == 1)
                let sent = try await askAll(desk, key) { node in
                    try await node.insist(
                        "POST", key + "/proxy/spot/api/v3/order?" + UseDesk.order, headers: once)
                }
                expectOne(sent, "already_sent")
                #expect(try await uses(desk, key, "proxy") == 1)
                #expect(try await desk.standIn.orders(.binance).count == 1)
                // Another key is another order.
                let other = try await desk.nodes[1].insist(
                    "POST", key + "/proxy/spot/api/v3/order?" + UseDesk.order,
                    headers: [(name: "idempotency-key", value: "twice")])
                #expect(other.status == 200, "\(other.text)")
                #expect(try await desk.standIn.orders(.binance).count == 2)
            }
        }
    }
}
