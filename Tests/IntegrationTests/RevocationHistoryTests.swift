import EventLoop
import Glibc
import JSON
import Kernel
import Synchronization
import TestSupport
import Testing

extension IntegrationTests {
    /// T7: what three nodes do to keys while others stop them and let them go on, held against `UseHistory`.
    @Suite struct RevocationHistoryTests {
        private static let keys = 4
        private static let rounds = 12
        /// A use that was committed before may still leave, for a second.
        private static let grace: UInt64 = 1_000_000_000

        private struct Desk: Sendable {
            let nodes: [RunningNode]
            let standIn: StandInExchange
            let paths: [String]
        }

        private static func apiKey(_ number: Int) -> String { "key-\(number)" }
        private static func secret(_ number: Int) -> String { "the-secret-of-the-desk-\(number)" }

        private func run(_ body: @Sendable (Desk) async throws -> Void) async throws {
            try await StandInExchange.with { standIn in
                for number in 0..<Self.keys {
                    try await standIn.register(
                        .init(
                            .bybit, Self.apiKey(number), .secret(Self.secret(number)), permissions: ["read"],
                            addresses: ["127.0.0.1"]))
                }
                let settings = ["KEYBELL_STANDIN_BYBIT_TESTNET_MAIN": standIn.baseURL(.bybit)]
                let store = try await RunningNode.Store.scratch()
                try await RunningNode.with(store, settings) { first in
                    try await first.bootstrap()
                    let root = ["KEYBELL_ROOT_KEY_FILE": first.folder.file("root.key")]
                    let shared = settings.merging(root) { $1 }
                    try await RunningNode.with(store, shared) { second in
                        try second.adopt(first.ownerToken)
                        try await RunningNode.with(store, shared) { third in
                            try third.adopt(first.ownerToken)
                            let paths = try await Self.register(first)
                            try await body(
                                Desk(nodes: [first, second, third], standIn: standIn, paths: paths))
                        }
                    }
                }
            }
        }

        private static func register(_ node: RunningNode) async throws -> [String] {
            var paths: [String] = []
            for number in 0..<keys {
                let key = try await node.must(
                    "POST", "/v1/keys",
                    [
                        "exchange": "bybit", "account": "main", "label": .string("key \(number)"),
                        "environment": "testnet", "readable": true, "permissions": ["read"],
                        "ip_allow_list": ["127.0.0.1"], "tags": [.string("t\(number)")],
                        "credential": [
                            "api_key": .string(apiKey(number)), "secret": .string(secret(number)),
                        ],
                    ])
                paths.append("/v1/keys/\(key.id)")
                let told = try await node.must("POST", "/v1/keys/\(key.id)/verify", [:])
                try #require(told["status"] == "active", "\(told)")
            }
            return paths
        }

        private static var now: UInt64 { Clock.system.monotonicNanoseconds() }

        /// Asks for a secret, or for a signed request, on one node; 409 is "stopped".
        private static func use(
            _ node: RunningNode, _ path: String, revealer: RunningNode.Token?, _ history: UseHistory
        ) async throws {
            let begun = now
            let answer =
                if let revealer {
                    try await node.call("POST", path + "/reveal", ["reason": "a history"], token: revealer)
                } else { try await node.call("POST", path + "/verify", [:]) }
            // A busy machine may have said "not now", which is neither.
            guard [200, 409].contains(answer.status) else {
                #expect([429, 503, 504].contains(answer.status), "\(answer.text)")
                return
            }
            history.add(UseHistory.Use(path, begun, now, served: answer.status == 200))
        }

        /// Owners, two for each key: each proves for every reveal that they are there, one at a time.
        private static func revealers(_ node: RunningNode) async throws -> [RunningNode.Token] {
            var revealers: [RunningNode.Token] = []
            for number in 0..<keys * 2 {
                let invited = try await node.must(
                    "POST", "/v1/users",
                    [
                        "name": .string("revealer \(number)"), "role": "owner",
                        "email": .string("revealer-\(number)@desk.example"),
                    ])
                let welcome = try await node.must(
                    "POST", "/v1/invitations/accept", ["token": invited["invitation"]?["token"] ?? .null],
                    token: nil)
                revealers.append(.text(welcome["access_token"]?["token"]?.asString ?? ""))
            }
            return revealers
        }

        /// Stops a key and lets it go on, by itself and by a selector, each time on another node.
        private static func switches(
            _ desk: Desk, _ number: Int, _ history: UseHistory, isOver: Flag
        ) async throws {
            defer { isOver.raise() }
            let path = desk.paths[number]
            for round in 0..<rounds {
                let node = desk.nodes[(round + number) % desk.nodes.count]
                let stops = round % 2 == 0
                let begun = now
                if round % 4 < 2 {
                    try await node.must(
                        "POST", path + "/mode",
                        ["mode": stops ? "suspended" : "active", "reason": "a history"])
                } else {
                    try await node.must(
                        "POST", "/v1/keys/mode",
                        [
                            "selector": ["tag": .string("t\(number)")], "expect_count": 1,
                            "mode": stops ? "suspended" : "active", "reason": "a history",
                        ])
                }
                history.add(UseHistory.Switch(path, begun, now, stops: stops))
                try await blockingThreads.run { _ = usleep(20_000) }
            }
        }

        @Test
        func `T7: no key is used behind its stop, nor refused behind its return, on any of three nodes`()
            async throws
        {
            try await run { desk in
                let history = UseHistory()
                let revealers = try await Self.revealers(desk.nodes[0])
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<Self.keys {
                        let isOver = Flag()
                        group.addTask { try await Self.switches(desk, number, history, isOver: isOver) }
                        for (index, node) in desk.nodes.enumerated() {
                            group.addTask {
                                while !isOver.isRaised {
                                    let revealer = revealers[number * 2 + index / 2]
                                    try await Self.use(
                                        node, desk.paths[number], revealer: index == 1 ? nil : revealer,
                                        history)
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(history.violations(grace: Self.grace) == [])
                // There was something to find.
                #expect(history.servedCount > 5 && history.useCount - history.servedCount > 5)
            }
        }

        /// A node that stands still between its commit and its request must not send when it wakes.
        @Test func `T7: a node that was paused sends nothing of what was stopped meanwhile`() async throws {
            try await run { desk in
                let (first, third) = (desk.nodes[0], desk.nodes[2])
                for number in 0..<Self.keys {
                    let path = desk.paths[number]
                    async let answer = try? await third.call("POST", path + "/verify", [:])
                    try await blockingThreads.run { _ = usleep(UInt32(number) * 1_500) }
                    try await third.pause()
                    // What the paused node holds in the database is taken from it within seconds.
                    try await wait(until: "the revocation is acknowledged") {
                        try await first.call("POST", path + "/revoke", ["reason": "a leak"]).status == 200
                    }
                    // What left before it stood still has arrived by then.
                    try await blockingThreads.run { _ = usleep(1_200_000) }
                    let count = try await desk.standIn.requests(.bybit, apiKey: Self.apiKey(number)).count
                    third.resume()
                    _ = await answer
                    let late = try await desk.standIn.requests(.bybit, apiKey: Self.apiKey(number))
                        .dropFirst(count).filter { $0.path.contains("query-api") }
                    #expect(late.isEmpty, "\(late.map(\.path))")
                    #expect(try await third.call("POST", path + "/verify", [:]).status == 409)
                }
            }
        }
    }
}

/// Raised once, seen by all.
private final class Flag: Sendable {
    private let state = Mutex(false)
    var isRaised: Bool { state.withLock { $0 } }
    func raise() { state.withLock { $0 = true } }
}
