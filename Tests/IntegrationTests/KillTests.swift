import Glibc
import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// kill -9, where it hurts.
    @Suite struct KillTests {
        /// Of a killed node, what it had in hand waits until its lease lapses.
        @Test func `kill -9 of every node, and in a rotation of secrets, loses nothing that was accepted`()
            async throws
        {
            // Some are refused, some get no answer: sent and not recorded, or to be repeated.
            let receiver = try Receiver { attempt in
                switch attempt.number ?? 0 {
                case 0..<3: .status(503)
                case 3..<6: .held
                default: .status(204)
                }
            }
            defer { receiver.stop() }
            try await RunningNode.withTwo { first, second in
                let hook = try await first.makeWebhook(to: receiver, "custom.*")
                try await first.pushAll(0..<10)
                try await wait(until: "attempts at every message") { receiver.idsOfNumbers.count == 10 }
                // Accepted last of all, and perhaps not even tried.
                try await first.pushAll(10..<15)
                async let rotated = try? second.call(
                    "POST", "/v1/webhooks/\(hook.id)/secrets", ["overlap": "1h"])
                await first.killHard()
                let secret = await rotated
                try await second.pushAll(15..<20)
                async let lost = try? second.push(99)
                await second.killHard()
                let accepted = await lost?.status == 201

                receiver.answer { _ in .status(204) }
                try await first.start()
                let wanted = Set(0..<20).union(accepted ? [99] : [])
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
