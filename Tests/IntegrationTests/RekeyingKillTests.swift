import EventLoop
import Glibc
import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// kill -9 while keys are rotated.
    @Suite struct RekeyingKillTests {
        private static let webhooks = 100
        private static let kills = 6
        private static let path = "/v1/system/key-encryption-key/rotation"

        /// So that kills fall on other moments each time.
        private func sleep(milliseconds: Int) async throws {
            try await blockingThreads.run { _ = usleep(UInt32(milliseconds) * 1_000) }
        }

        @Test func `a rotation of the key-encryption key survives kill -9 at any row`() async throws {
            let receiver = try Receiver()
            defer { receiver.stop() }
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                for number in 0..<Self.webhooks {
                    try await node.must(
                        "POST", "/v1/webhooks",
                        [
                            "url": .string(receiver.url), "name": .string("hook \(number)"),
                            "event_types": [number == 0 ? "custom.*" : "custom.nothing"],
                        ])
                }
                var generation = 1
                for round in 0..<Self.kills {
                    let state = try await node.must("GET", Self.path)
                    if state["in_progress"] != true { try await node.must("POST", Self.path) }
                    generation =
                        try await node.must("GET", Self.path)["generation"]?.asInt.map { Int($0) } ?? 0
                    try await sleep(milliseconds: round * 7)
                    await node.killHard()
                    // So that the next kill, too, comes while the job runs, or a new rotation has begun.
                    try await node.lapse(.jobs)
                    try await node.lapse(.life)
                    try await node.start()
                }
                try await finish(node)
                let ended = try await node.must("GET", Self.path)
                #expect(ended["generation"]?.asInt.map { Int($0) } == generation)
                #expect(ended["remaining"]?.asObject?.members.allSatisfy { $0.value == 0 } == true)
                // What was sealed still opens: deliveries are signed, and a secret is made anew.
                try await node.pushAll(0..<3)
                try await wait(until: "everything at the receiver") { receiver.numbers == Set(0..<3) }
                await node.killHard()
                try await node.start()
                try await node.pushAll(3..<5)
                try await wait(until: "everything at the receiver") { receiver.numbers == Set(0..<5) }
            }
        }

        private func finish(_ node: RunningNode) async throws {
            try await wait(until: "the rotation ends") {
                try await node.must("GET", Self.path)["in_progress"] == false
            }
        }

        @Test func `a rotation of the root key survives kill -9 at every step`() async throws {
            let receiver = try Receiver()
            defer { receiver.stop() }
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                try await node.makeWebhook(to: receiver, "custom.*")
                var seen: Set<String> = [node.folder.read("root.key") ?? ""]
                for round in 0..<12 {
                    async let answer = try? await node.call("POST", "/v1/system/root-key/rotation")
                    try await sleep(milliseconds: round)
                    await node.killHard()
                    _ = await answer
                    try await node.start()
                    try await node.push(round, isSeenAt: receiver)
                    seen.insert(node.folder.read("root.key") ?? "")
                }
                try await node.must("POST", "/v1/system/root-key/rotation")
                seen.insert(node.folder.read("root.key") ?? "")
                #expect(seen.count > 1)
                #expect(access(node.folder.file("root.key.next"), F_OK) != 0)
                #expect(try await node.stop() == 0)
                try await node.start()
                try await node.push(12, isSeenAt: receiver)
            }
        }
    }
}

extension RunningNode {
    fileprivate func push(_ number: Int, isSeenAt receiver: Receiver) async throws {
        try await pushAll(number..<number + 1)
        try await wait(until: "event \(number) at the receiver") { receiver.numbers.contains(number) }
    }
}
