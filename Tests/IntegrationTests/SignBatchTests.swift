import EventLoop
import JSON
import Kernel
import Synchronization
import TestSupport
import Testing

extension IntegrationTests {
    /// Signatures of two nodes on one database: what `Sources/Signing/Batch` promises, through HTTP.
    @Suite struct SignBatchTests {
        private static let secret = "c2VjcmV0LW9mLXRoZS1zdGFuZC1pbi1leGNoYW5nZQ=="
        private static let account: JSONValue = [
            "method": "GET", "host": "spot", "path": "/api/v3/account", "query": [],
        ]
        private static let balance: JSONValue = [
            "method": "POST", "host": "spot", "path": "/0/private/Balance", "query": [],
        ]

        /// What the tasks of one test tell each other.
        private final class Seen: Sendable {
            let revoked = Mutex(false)
            let signed = Mutex<Set<String>>([])
        }

        private struct Desk: Sendable {
            let nodes: [RunningNode]
            let binance: String
            let kraken: String

            func node(_ number: Int) -> RunningNode { nodes[number % nodes.count] }
        }

        private func run(_ body: (Desk) async throws -> Void) async throws {
            try await StandInExchange.with { standIn in
                for venue in [StandInExchange.Venue.binance, .kraken] {
                    try await standIn.register(
                        .init(
                            venue, "key-of-the-desk", .secret(Self.secret), permissions: ["read"],
                            addresses: ["127.0.0.1"]))
                }
                let settings = [
                    "KEYBELL_STANDIN_BINANCE_TESTNET_SPOT": standIn.baseURL(.binance),
                    "KEYBELL_STANDIN_KRAKEN_DEMO_SPOT": standIn.baseURL(.kraken),
                ]
                try await RunningNode.withTwo(settings) { first, second in
                    let binance = try await key(first, "binance", "testnet")
                    let kraken = try await key(first, "kraken", "demo")
                    try await body(Desk(nodes: [first, second], binance: binance, kraken: kraken))
                }
            }
        }

        private func key(
            _ node: RunningNode, _ exchange: String, _ environment: String
        ) async throws -> String {
            let made = try await node.must(
                "POST", "/v1/keys",
                [
                    "exchange": .string(exchange), "account": "main", "label": .string(exchange),
                    "environment": .string(environment), "permissions": ["read"],
                    "ip_allow_list": ["127.0.0.1"], "allow_duplicate": true,
                    "credential": ["api_key": "key-of-the-desk", "secret": .string(Self.secret)],
                ])
            let path = "/v1/keys/\(made.id)"
            let told = try await node.must("POST", path + "/verify", ["accept_risks": "a stand-in"])
            try #require(told["status"] == "active", "\(told)")
            return path
        }

        private func publish(_ node: RunningNode, _ path: String, limit: Int? = nil) async throws {
            var limits: [JSONValue] = []
            if let limit {
                limits.append([
                    "count": "requests", "max": .string(String(limit)), "per": "31d", "applies_to": "all",
                ])
            }
            let version = try await node.must("GET", path)["policy_version"]?.asInt ?? 0
            let answer = try await node.call(
                "PUT", path + "/policy",
                ["operations": ["read"], "ways": ["sign"], "limits": .array(limits)],
                headers: [("if-match", "\"\(version)\"")])
            guard answer.status == 200 else { throw Impatience("publish: \(answer.text)") }
        }

        /// Statuses of signatures that are all asked for before the first answer is read, each on a
        /// connection of its own, spread over both nodes. Who is told that a node is too busy, which has done
        /// nothing then, asks again.
        private func sign(_ count: Int, _ path: String, _ desk: Desk) async throws -> [Int] {
            var statuses: [Int] = []
            var waits = count
            while waits > 0 {
                let answers = try await signAtOnce(waits, path, desk)
                statuses += answers.filter { $0 != 503 }
                waits = answers.count { $0 == 503 }
            }
            return statuses
        }

        private func signAtOnce(_ count: Int, _ path: String, _ desk: Desk) async throws -> [Int] {
            let requests = desk.nodes.map { node in
                let head = node.head(
                    "POST", path + "/sign", length: Self.account.bytes.count,
                    headers: [(name: "content-type", value: "application/json")])
                return (port: node.port, bytes: Array(head.utf8) + Self.account.bytes)
            }
            raiseOpenFileLimit()
            return try await blockingThreads.run {
                let connections = try (0..<count).map { number in
                    try LoopbackConnection(to: requests[number % requests.count].port)
                }
                for (number, connection) in connections.enumerated() {
                    try connection.send(requests[number % requests.count].bytes)
                }
                return try connections.map { connection in
                    guard let answer = try connection.receive() else { throw LoopbackError.cut }
                    return answer.status
                }
            }
        }

        @Test func `T10: of 1,000 at once on two nodes, a limit of 100 admits exactly 100`() async throws {
            try await run { desk in
                try await publish(desk.nodes[0], desk.binance, limit: 100)
                let statuses = try await sign(1_000, desk.binance, desk)
                #expect(statuses.count { $0 == 200 } == 100)
                #expect(statuses.count { $0 == 403 } == 900)
                // Raised, it goes on from there: a limit that counts the same thing keeps its count.
                try await publish(desk.nodes[1], desk.binance, limit: 110)
                #expect(try await sign(40, desk.binance, desk).count { $0 == 200 } == 10)
            }
        }

        @Test func `T11: nonces rise, whichever node gives them`() async throws {
            try await run { desk in
                try await publish(desk.nodes[0], desk.kraken)
                let nonces = try await withThrowingTaskGroup(of: [UInt64].self) { group in
                    for lane in 0..<8 {
                        group.addTask {
                            var own: [UInt64] = []
                            for number in 0..<12 {
                                let answer = try await desk.node(lane + number).insist(
                                    "POST", desk.kraken + "/sign", Self.balance)
                                own.append(try #require(answer.json.nonce, "\(answer.text)"))
                            }
                            return own
                        }
                    }
                    return try await group.reduce(into: [[UInt64]]()) { $0.append($1) }
                }
                for own in nonces { #expect(own == own.sorted()) }
                #expect(Set(nonces.joined()).count == 96)
            }
        }

        @Test func `T7: nothing is signed once a revocation was acknowledged, on either node`() async throws {
            try await run { desk in
                try await publish(desk.nodes[0], desk.binance)
                let seen = Seen()
                let late = try await withThrowingTaskGroup(of: Int.self) { group in
                    for lane in 0..<8 {
                        group.addTask {
                            var late = 0
                            for number in 0..<400 {
                                let wasRevoked = seen.revoked.withLock { $0 }
                                let answer = try await desk.node(lane + number).call(
                                    "POST", desk.binance + "/sign", Self.account)
                                if wasRevoked, answer.status == 200 { late += 1 }
                                if wasRevoked, number % 20 == 19 { break }
                            }
                            return late
                        }
                    }
                    group.addTask {
                        _ = try await self.sign(64, desk.binance, desk)
                        try await desk.nodes[0].must("POST", desk.binance + "/revoke", ["reason": "a test"])
                        seen.revoked.withLock { $0 = true }
                        return 0
                    }
                    return try await group.reduce(0, +)
                }
                #expect(late == 0)
                let refused = try await desk.nodes[1].call("POST", desk.binance + "/sign", Self.account)
                #expect(refused.status == 403)
            }
        }

        @Test func `T5: what was signed is on record when a node is killed, and the trail is whole`()
            async throws
        {
            try await run { desk in
                try await publish(desk.nodes[0], desk.binance)
                let seen = Seen()
                await withTaskGroup { group in
                    for lane in 0..<8 {
                        group.addTask {
                            for number in 0..<60 {
                                let answer = try? await desk.node(lane + number).call(
                                    "POST", desk.binance + "/sign", Self.account)
                                guard let answer, answer.status == 200,
                                    let id = answer.json["usage_id"]?.asString
                                else { continue }
                                seen.signed.withLock { _ = $0.insert(id) }
                            }
                        }
                    }
                    group.addTask {
                        _ = try? await self.sign(32, desk.binance, desk)
                        await desk.nodes[1].killHard()
                    }
                }
                try await desk.nodes[1].start()
                let recorded = try await records(desk.nodes[1])
                #expect(seen.signed.withLock { $0 }.subtracting(recorded).isEmpty)
                let verified = try await desk.nodes[1].must("GET", "/v1/audit/verification")
                #expect(verified["intact"] == true, "\(verified)")
            }
        }

        /// Ids of the uses that the trail names.
        private func records(_ node: RunningNode) async throws -> Set<String> {
            var found: Set<String> = []
            var next: String? = ""
            while let cursor = next {
                let page = try await node.must(
                    "GET",
                    "/v1/audit-records?action=keys.sign&limit=200"
                        + (cursor.isEmpty ? "" : "&cursor=\(cursor)"))
                for record in page["data"]?.asArray ?? [] {
                    if let id = record["detail"]?["usage_id"]?.asString { found.insert(id) }
                }
                next = page["next_cursor"]?.asString
            }
            return found
        }
    }
}
