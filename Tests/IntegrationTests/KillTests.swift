import Glibc
import JSON
import Postgres
import TestSupport
import Testing

extension IntegrationTests {
    /// kill -9, where it hurts.
    @Suite struct KillTests {
        /// Locks in the database and a receiver that does not answer hold a node where it is until it is
        /// dead. `Scripts/chaos --points` does this some hundred times, and waits until leases lapse.
        @Test
        func `kill -9 before commit, sending and recording, and in a rotation, loses nothing`()
            async throws
        {
            let receiver = try Receiver { attempt in
                switch attempt.number ?? 0 {
                case 0..<3: .status(503)
                case 3..<6: .held
                default: .status(204)
                }
            }
            defer { receiver.stop() }
            try await RunningNode.withTwo { first, second in
                let url = try #require(first.databaseURL)
                let hook = try await first.must(
                    "POST", "/v1/webhooks",
                    [
                        "url": .string(receiver.url), "name": "desk", "event_types": ["custom.*"],
                        "max_per_second": 1_000,
                    ])
                try await first.pushAll(0..<6)
                try await wait(until: "attempts at every message") { receiver.idsOfNumbers.count == 6 }
                try await whileOpen("select from webhook_pace for update", at: url) {
                    try await first.pushAll(6..<10)
                    await first.killHard()
                }
                let secret = try await whileOpen("select from webhook_secret for update", at: url) {
                    async let rotation = try? second.call(
                        "POST", "/v1/webhooks/\(hook.id)/secrets", ["overlap": "1h"])
                    try await Self.waitForLock(at: url)
                    await second.killHard()
                    return await rotation
                }
                try await first.start()
                let lost = try await whileOpen("lock table event in share mode", at: url) {
                    async let push = try? first.push(99)
                    try await Self.waitForLock(at: url)
                    await first.killHard()
                    return await push
                }

                receiver.answer { _ in .status(204) }
                #expect(try await first.lapse(.deliveries) ?? 0 <= 20)
                try await first.start()
                let wanted = Set(0..<10).union(lost?.status == 201 ? [99] : [])
                try await wait(until: "all that was accepted") { wanted.isSubset(of: receiver.numbers) }
                #expect(receiver.idsOfNumbers.values.allSatisfy { $0.count == 1 })
                #expect(Set(try await first.feed().numbers).isSuperset(of: wanted))
                // The rotation is whole or was never there.
                let states = try await first.must("GET", "/v1/webhooks/\(hook.id)")["secrets"]?.asArray
                let count = try #require(states?.count)
                #expect(secret?.status == 201 ? count == 2 : (1...2).contains(count))
                try await first.pushAll(20..<21)
                let last = try await receiver.first("the last") { $0.number == 20 }.request
                #expect(last.header("webhook-signature")?.split(separator: " ").count == count + 1)
            }
        }

        private static let waiting = Statement(
            "test_locks", "select count(*) from pg_locks where not granted")

        /// On a loaded machine it may be too late for that; the kill comes where the node is then.
        private static func waitForLock(at url: DatabaseURL) async throws {
            try await ScratchDatabase(url: url).visit { _, database in
                for _ in 0..<90 {
                    if try await database.query(waiting).first?.int(0) != 0 { return }
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        }

        @Test func `kill -9 of the service leaves its private cluster to be adopted`() async throws {
            try await RunningNode.with(.privateCluster) { node in
                try await node.bootstrap()
                try await node.pushAll(0..<3)
                let server = try #require(node.clusterPID)
                await node.killHard()
                #expect(node.clusterPID == server)

                try await node.start()
                #expect(node.clusterPID == server)
                #expect(try await node.feed().numbers == [0, 1, 2])
                try await node.pushAll(3..<4)
                #expect(try await node.follow(until: 4) == [0, 1, 2, 3])

                // Both at once, as when the machine loses power.
                await node.killHard()
                await node.endCluster(by: SIGKILL)
                #expect(node.clusterPID == nil)
                try await node.start()
                #expect(node.clusterPID != server)
                #expect(try await node.feed().numbers == [0, 1, 2, 3])
                #expect(try await node.stop() == 0)
                #expect(node.clusterPID == nil)
            }
        }
    }
}
