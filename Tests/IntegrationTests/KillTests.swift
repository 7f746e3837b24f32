import Glibc
import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// kill -9, where it hurts.
    @Suite struct KillTests {
        @Test func `kill -9 between commit and delivery loses nothing, and duplicates share an id`()
            async throws
        {
            // The first are refused, the others get no answer: every attempt is under way or to be repeated.
            let receiver = try Receiver { attempt in (attempt.number ?? 0) < 5 ? .status(503) : .held }
            defer { receiver.stop() }
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                try await node.makeWebhook(to: receiver, "custom.*")
                try await node.pushAll(0..<20)
                try await wait(until: "attempts at every message") { receiver.idsOfNumbers.count == 20 }
                // Accepted last of all, and perhaps not even tried.
                try await node.pushAll(20..<25)
                await node.killHard()

                receiver.answer { _ in .status(204) }
                try await node.start()
                try await wait(until: "every accepted event at the receiver") {
                    receiver.numbers == Set(0..<25)
                }
                #expect(receiver.idsOfNumbers.values.allSatisfy { $0.count == 1 })
                #expect(try await node.feed().numbers == Array(0..<25))
            }
        }

        @Test func `kill -9 of either node, and in a rotation of secrets, loses nothing that was accepted`()
            async throws
        {
            let receiver = try Receiver { attempt in (attempt.number ?? 0) % 4 == 3 ? .held : .status(204) }
            defer { receiver.stop() }
            try await RunningNode.withTwo { first, second in
                let hook = try await first.makeWebhook(to: receiver, "custom.*")
                try await first.pushAll(0..<8)
                // Two messages are with the receiver, which does not answer: sent, and not recorded.
                try await wait(until: "two held") { receiver.others.count >= 2 }
                async let rotated = second.call("POST", "/v1/webhooks/\(hook.id)/secrets", ["overlap": "1h"])
                await first.killHard()
                let secret = try await rotated
                receiver.answer { _ in .status(204) }
                try await second.pushAll(8..<16)
                async let lost: LoopbackMessage? = try? second.push(99)
                await second.killHard()
                let accepted = await lost?.status == 201
                try await first.start()
                let wanted = Set(0..<16).union(accepted ? [99] : [])
                try await wait(until: "all that was accepted") { wanted.isSubset(of: receiver.numbers) }
                #expect(receiver.idsOfNumbers.values.allSatisfy { $0.count == 1 })
                let states = try await first.must("GET", "/v1/webhooks/\(hook.id)")["secrets"]?.asArray
                // The rotation is whole or was never there.
                #expect(states?.count == (secret.status == 201 ? 2 : 1))
                try await first.pushAll(16..<17)
                let last = try await receiver.first("the last") { $0.number == 16 }.request
                #expect(
                    last.header("webhook-signature")?.split(separator: " ").count == (states?.count ?? 0) + 1)
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
