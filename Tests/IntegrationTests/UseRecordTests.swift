import EventLoop
import Glibc
import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// T5, as far as there is something that leaves: signed questions to exchanges.
    @Suite struct UseRecordTests {
        private static let kills = 6
        private static let stops = 3
        private static let secret = "the-secret-of-the-desk-at-bybit"

        private struct Desk {
            let node: RunningNode
            let standIn: StandInExchange
            let path: String

            /// What reached the exchange was on record before.
            func expectRecords(_ what: String) async throws {
                let seen = try await standIn.requests(.bybit, apiKey: "the-api-key")
                    .count { $0.path != Self.orders }
                let id = path.split(separator: "/").last.map(String.init) ?? ""
                let target = "/v1/audit-records?resource=\(id)&action=keys.verify&limit=200"
                let trail = try await eventually("the trail is read") { () -> JSONValue? in
                    let answer = try await node.call("GET", target)
                    // A bare nil would be JSON's null.
                    return answer.status == 200 ? answer.json : Optional.none
                }
                let recorded = trail["data"]?.asArray?.count ?? 0
                #expect(seen <= recorded, "\(what): \(seen) requests, \(recorded) records")
                #expect(recorded > 0, "\(trail)")
            }

            static let orders = "/v5/order/realtime"

            func allowReads() async throws {
                let answer = try await node.call(
                    "PUT", path + "/policy", ["operations": ["read"]], headers: [("if-match", "*")])
                try #require(answer.status == 200, "\(answer.text)")
            }

            func proxy() async throws -> Int {
                try await node.call("GET", path + "/proxy/main\(Self.orders)?category=spot").status
            }

            /// The same of what went by the proxy.
            func expectProxyRecords(_ what: String) async throws {
                let seen = try await standIn.requests(.bybit, apiKey: "the-api-key")
                    .count { $0.path == Self.orders }
                let page = try await node.must("GET", "/v1/usage-events?way=proxy&limit=200")
                let recorded = page["data"]?.asArray?.count ?? 0
                #expect(seen <= recorded, "\(what): \(seen) requests, \(recorded) records")
            }
        }

        private func run(
            _ server: RunningPostgres, _ body: (Desk) async throws -> Void
        ) async throws {
            try await StandInExchange.with { standIn in
                try await standIn.register(
                    .init(
                        .bybit, "the-api-key", .secret(Self.secret), permissions: ["read"],
                        addresses: ["127.0.0.1"]))
                let settings = ["KEYBELL_STANDIN_BYBIT_TESTNET_MAIN": standIn.baseURL(.bybit)]
                _ = try await server.run("createdb", ["keybell"])
                try await RunningNode.with(.database(server.url("keybell")), settings) { node in
                    try await node.bootstrap()
                    let key = try await node.must(
                        "POST", "/v1/keys",
                        [
                            "exchange": "bybit", "account": "main", "label": "watched",
                            "environment": "testnet", "permissions": ["read"],
                            "ip_allow_list": ["127.0.0.1"],
                            "credential": ["api_key": "the-api-key", "secret": .string(Self.secret)],
                        ])
                    let path = "/v1/keys/\(key.id)"
                    try await node.must("POST", path + "/verify", [:])
                    try await body(Desk(node: node, standIn: standIn, path: path))
                }
            }
        }

        @Test func `T5: nothing leaves without a committed record, wherever the node is killed`() async throws
        {
            try await RunningPostgres.with { server in
                try await run(server) { desk in
                    try await desk.allowReads()
                    #expect(try await desk.proxy() == 200)
                    for round in 0..<Self.kills {
                        async let proxied = try? await desk.proxy()
                        async let answer = try? await desk.node.call("POST", desk.path + "/verify", [:])
                        try await blockingThreads.run { _ = usleep(UInt32(round) * 4_000) }
                        await desk.node.killHard()
                        _ = await (answer, proxied)
                        try await desk.node.start()
                        try await desk.expectRecords("kill \(round)")
                        try await desk.expectProxyRecords("kill \(round)")
                    }
                }
            }
        }

        @Test func `T5: nothing leaves without a committed record, wherever the database ends`() async throws
        {
            try await RunningPostgres.with { server in
                try await run(server) { desk in
                    for round in 0..<Self.stops {
                        async let answer = try? await desk.node.call("POST", desk.path + "/verify", [:])
                        try await blockingThreads.run { _ = usleep(UInt32(round) * 2_000) }
                        try await server.stop()
                        _ = await answer
                        try await server.start()
                        try await wait(until: "the service is ready again") { await desk.node.isReady }
                        try await desk.expectRecords("stop \(round)")
                    }
                }
            }
        }
    }
}
