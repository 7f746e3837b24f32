import Glibc
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
