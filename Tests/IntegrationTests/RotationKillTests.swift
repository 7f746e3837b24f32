import EventLoop
import Glibc
import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// kill -9 of a node while a key's secret is rotated at a stand-in exchange.
    @Suite struct RotationKillTests {
        private static let kills = 5

        private struct Desk {
            let node: RunningNode
            let standIn: StandInExchange
            let key: String

            /// At the exchange and here, as the secret of a fresh rotation; answers its path.
            func open(_ name: String) async throws -> String {
                try await RotationKillTests.register(name, at: standIn)
                let made = try await node.must(
                    "POST", key + "/rotations", ["credential": RotationKillTests.credential(name)])
                return key + "/rotations/\(made["id"]?.asString ?? "")"
            }

            func restart() async throws {
                await node.killHard()
                try await node.start()
            }

            /// Exactly one version is current, and the exchange takes it.
            func expectOneWorking(_ numbers: Int64...) async throws {
                let all = try await node.must("GET", key + "/versions")["data"]?.asArray ?? []
                let current = all.filter { $0["state"] == "current" }
                #expect(
                    current.count == 1 && numbers.contains(current.first?["version"]?.asInt ?? 0), "\(all)")
                let told = try await node.must("POST", key + "/verify", [:])
                #expect(
                    told["outcome"] == "confirmed" && numbers.contains(told["version"]?.asInt ?? 0), "\(told)"
                )
            }

            /// Pushed on until it is there.
            func push(_ path: String, to state: JSONValue, _ body: JSONValue = [:]) async throws {
                try await wait(until: "the rotation is \(state)") {
                    let told = try await node.must("GET", path)
                    if told["state"] == state { return true }
                    _ = try await node.call("POST", path + "/advance", body)
                    return false
                }
            }

            /// Advances, and is killed once the exchange has the request; nobody waits for the answer.
            func killWhileAsking(_ apiKey: String, _ path: String, _ body: JSONValue) async throws {
                let before = try await standIn.requests(.okx, apiKey: apiKey).count
                var stall = StandInExchange.Behaviour()
                stall.stallMilliseconds = 5_000
                try await standIn.behave(stall, at: .okx, apiKey: apiKey)
                async let answer = try? await node.call("POST", path + "/advance", body)
                try await wait(until: "the exchange was asked") {
                    try await standIn.requests(.okx, apiKey: apiKey).count > before
                }
                try await restart()
                _ = await answer
                try await standIn.behave(.init(), at: .okx, apiKey: apiKey)
            }
        }

        private static func secret(_ name: String) -> String {
            "c2VjcmV0LW9mLXRoZS1zdGFuZC1pbi1leGNoYW5nZQ\(name)"
        }

        private static func credential(_ name: String) -> JSONValue {
            ["api_key": .string(name), "secret": .string(secret(name)), "passphrase": "word"]
        }

        private static func register(_ name: String, at standIn: StandInExchange) async throws {
            var key = StandInExchange.Key(
                .okx, name, .secret(secret(name)), passphrase: "word", permissions: ["read", "trade_spot"],
                addresses: ["127.0.0.1"])
            key.isDemo = true
            try await standIn.register(key)
        }

        private func run(_ body: @Sendable (Desk) async throws -> Void) async throws {
            try await StandInExchange.with { standIn in
                let settings = ["KEYBELL_STANDIN_OKX_DEMO_MAIN": standIn.baseURL(.okx)]
                try await Self.register("first", at: standIn)
                try await RunningNode.with(.scratch(), settings) { node in
                    try await node.bootstrap()
                    let key = try await node.must(
                        "POST", "/v1/keys",
                        [
                            "exchange": "okx", "account": "main", "label": "rotated", "environment": "demo",
                            "permissions": ["read", "trade_spot"], "ip_allow_list": ["127.0.0.1"],
                            "credential": Self.credential("first"),
                        ])
                    let path = "/v1/keys/\(key["id"]?.asString ?? "")"
                    try await node.must("POST", path + "/verify", [:])
                    try await body(Desk(node: node, standIn: standIn, key: path))
                }
            }
        }

        @Test func `T16: a node killed while the exchange is asked takes the rotation up again`() async throws
        {
            try await run { desk in
                let path = try await desk.open("second")
                try await desk.killWhileAsking("second", path, [:])
                #expect(try await desk.node.must("GET", path)["state"] == "testing")
                try await desk.expectOneWorking(1)
                try await desk.push(path, to: "overlap")
                try await desk.expectOneWorking(2)
                try await desk.killWhileAsking("first", path, ["end_overlap": true])
                #expect(try await desk.node.must("GET", path)["state"] == "retiring")
                try await desk.standIn.set("first", of: .okx, to: .deleted)
                try await desk.push(path, to: "done")
                #expect(try await desk.node.must("GET", path)["proof"]?["probe"]?.asString?.isEmpty == false)
                try await desk.expectOneWorking(2)
            }
        }

        @Test func `T16: a node killed at any moment of a rotation leaves a working key`() async throws {
            try await run { desk in
                var current: Int64 = 1
                for round in 0..<Self.kills {
                    let path = try await desk.open("round-\(round)")
                    async let answer = try? await desk.node.call("POST", path + "/advance", [:])
                    try await blockingThreads.run { _ = usleep(UInt32(round) * 4_000) }
                    try await desk.restart()
                    _ = await answer
                    // The job may take it on at any moment.
                    try await desk.expectOneWorking(current, current + 1)
                    try await desk.push(path, to: "overlap")
                    current += 1
                    try await desk.expectOneWorking(current)
                    // To its end, so that the next round may begin.
                    let old = round == 0 ? "first" : "round-\(round - 1)"
                    try await desk.standIn.set(old, of: .okx, to: .deleted)
                    try await desk.push(path, to: "done", ["end_overlap": true])
                }
            }
        }
    }
}
