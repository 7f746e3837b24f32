import EventLoop
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

extension IntegrationTests {
    /// T5: whatever leaves, as a signature, through the proxy or as a question about the key.
    @Suite struct UseRecordTests {
        private static let kills = 6
        private static let stops = 3
        private static let secret = "the-secret-of-the-desk-at-bybit"

        private final class UsageIDs: Sendable {
            private let ids = Mutex<Set<String>>([])

            func add(_ id: String) { ids.withLock { _ = $0.insert(id) } }
            var all: Set<String> { ids.withLock { $0 } }
        }

        private final class Lanes: Sendable {
            private let isOver = Mutex(false)

            func end() { isOver.withLock { $0 = true } }

            @concurrent func keep(_ use: @Sendable () async throws -> Void) async {
                while !isOver.withLock({ $0 }) { try? await use() }
            }
        }

        private struct Desk: Sendable {
            let node: RunningNode
            let standIn: StandInExchange
            let path: String

            /// What reached the exchange was on record before.
            func expectRecords(_ what: String) async throws {
                let seen = try await standIn.requests(.bybit, apiKey: "the-api-key")
                    .count { $0.path != Self.orders }
                let id = path.split(separator: "/").last.map(String.init) ?? ""
                let recorded = try await all("/v1/audit-records?resource=\(id)&action=keys.verify").count
                #expect(seen <= recorded, "\(what): \(seen) requests, \(recorded) records")
                #expect(recorded > 0)
            }

            /// Every page of a list.
            private func all(_ list: String) async throws -> [JSONValue] {
                var found: [JSONValue] = []
                var cursor = ""
                repeat {
                    let target = "\(list)&limit=200" + (cursor.isEmpty ? "" : "&cursor=\(cursor)")
                    let page = try await eventually("the list is read") { () -> JSONValue? in
                        let answer = try await node.call("GET", target)
                        // A bare nil would be JSON's null.
                        return answer.status == 200 ? answer.json : Optional.none
                    }
                    found += page["data"]?.asArray ?? []
                    cursor = page["next_cursor"]?.asString ?? ""
                } while !cursor.isEmpty
                return found
            }

            func expectAllRecords(_ ids: UsageIDs, _ what: String) async throws {
                try await expectRecords(what)
                try await expectProxyRecords(what)
                try await expectSignRecords(ids, what)
            }

            static let orders = "/v5/order/realtime"

            func allowReads() async throws {
                let answer = try await node.call(
                    "PUT", path + "/policy", ["operations": ["read"], "ways": ["sign", "proxy"]],
                    headers: [("if-match", "*")])
                try #require(answer.status == 200, "\(answer.text)")
            }

            func proxy() async throws -> Int {
                try await node.call("GET", path + "/proxy/main\(Self.orders)?category=spot").status
            }

            /// The usage id of a signature; nil: none was handed out.
            func sign() async throws -> String? {
                let question: JSONValue = [
                    "method": "GET", "host": "main", "path": .string(Self.orders), "query": "category=spot",
                ]
                let answer = try await node.call("POST", path + "/sign", question)
                return answer.status == 200 ? answer.json["usage_id"]?.asString : Optional.none
            }

            /// Signs, sends and asks about the key again and again; once that goes well, `strike` happens.
            func whileUsed(_ ids: UsageIDs, _ strike: () async throws -> Void) async throws {
                let before = ids.all.count
                let lanes = Lanes()
                async let signs: Void = lanes.keep { if let id = try await sign() { ids.add(id) } }
                async let sends: Void = lanes.keep { _ = try await proxy() }
                async let asks: Void = lanes.keep { _ = try await node.call("POST", path + "/verify", [:]) }
                let struck: Result<Void, any Error>
                do {
                    try await wait(until: "the key is used") { ids.all.count > before }
                    struck = .success(try await strike())
                } catch {
                    struck = .failure(error)
                }
                lanes.end()
                _ = await (signs, sends, asks)
                try struck.get()
            }

            /// Every signature that was handed out is on record.
            func expectSignRecords(_ ids: UsageIDs, _ what: String) async throws {
                let recorded = try await all("/v1/usage-events?way=sign").compactMap { $0["id"]?.asString }
                #expect(ids.all.subtracting(recorded).isEmpty, "\(what)")
            }

            /// The same of what went by the proxy.
            func expectProxyRecords(_ what: String) async throws {
                let seen = try await standIn.requests(.bybit, apiKey: "the-api-key")
                    .count { $0.path == Self.orders }
                let recorded = try await all("/v1/usage-events?way=proxy").count
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
                    let ids = UsageIDs()
                    for round in 0..<Self.kills {
                        try await desk.whileUsed(ids) {
                            try await blockingThreads.run { _ = usleep(UInt32(round) * 4_000) }
                            await desk.node.killHard()
                        }
                        try await desk.node.start()
                        try await desk.expectAllRecords(ids, "kill \(round)")
                    }
                }
            }
        }

        @Test func `T5: nothing leaves without a committed record, wherever the database ends`() async throws
        {
            try await RunningPostgres.with { server in
                try await run(server) { desk in
                    try await desk.allowReads()
                    #expect(try await desk.proxy() == 200)
                    let ids = UsageIDs()
                    for round in 0..<Self.stops {
                        try await desk.whileUsed(ids) {
                            try await blockingThreads.run { _ = usleep(UInt32(round) * 2_000) }
                            try await server.stop()
                        }
                        try await server.start()
                        try await wait(until: "the service is ready again") { await desk.node.isReady }
                        try await desk.expectAllRecords(ids, "stop \(round)")
                    }
                }
            }
        }
    }
}
