import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// PostgreSQL goes away and comes back.
    @Suite struct OutageTests {
        /// What one caller saw: numbers that were acknowledged, and how those that were not were answered.
        private struct Diary: Sendable {
            var acknowledged: [Int] = []
            var refusals: [LoopbackMessage] = []
            var slowest = Duration.zero
        }

        /// Far above what "at once" takes, and below every time-out behind which a hang could hide.
        private static let atOnce = Duration.seconds(10)
        private static let callers = 4

        @Test func `under load a stopped PostgreSQL is 503 at once, and nothing acknowledged is lost`()
            async throws
        {
            let receiver = try Receiver()
            defer { receiver.stop() }
            try await RunningPostgres.with { server in
                try await RunningNode.with(.database(server.url())) { node in
                    try await node.bootstrap()
                    try await node.makeWebhook(to: receiver, "custom.*")
                    let diaries = try await outage(of: server, under: node)

                    let refusals = diaries.flatMap(\.refusals)
                    #expect(refusals.allSatisfy { $0.status == 503 && $0.header("retry-after") != nil })
                    #expect(refusals.contains { $0.json["code"] == "database_unavailable" })
                    #expect(diaries.allSatisfy { $0.slowest < Self.atOnce })
                    let acknowledged = Set(diaries.flatMap(\.acknowledged))
                    try await wait(until: "everything acknowledged in the feed") {
                        let read = try await allEvents(of: node)
                        #expect(Set(read).count == read.count, "an event was read twice")
                        return acknowledged.subtracting(read).isEmpty
                    }
                    try await wait(until: "a message for everything acknowledged") {
                        acknowledged.subtracting(receiver.numbers).isEmpty
                    }
                    #expect(receiver.idsOfNumbers.values.allSatisfy { $0.count == 1 })
                    try await wait(until: "the node is ready again") { await node.isReady }
                }
            }
        }

        /// Callers push without pause while the server is stopped and started; each goes on until it was
        /// refused and then acknowledged again.
        private func outage(of server: RunningPostgres, under node: RunningNode) async throws -> [Diary] {
            try await withThrowingTaskGroup(of: Diary.self) { group in
                for caller in 0..<Self.callers {
                    group.addTask { try await push(to: node, from: caller * 100_000) }
                }
                try await wait(until: "callers are heard") { try await allEvents(of: node).count > 20 }
                try await server.stop()
                // Answered by a node whose database is away: it lives, and says that it cannot work.
                #expect(try await node.call("GET", "/healthz", token: nil).status == 200)
                #expect(try await node.call("GET", "/readyz", token: nil).status == 503)
                #expect(try await node.call("GET", "/v1/keys").status == 503)
                try await server.start()
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }

        private func push(to node: RunningNode, from first: Int) async throws -> Diary {
            var diary = Diary()
            var number = first
            var afterwards = 0
            let clock = ContinuousClock()
            let end = clock.now + .seconds(patienceSeconds)
            while afterwards < 20 {
                guard clock.now < end else {
                    throw Impatience("no recovery: \(diary.refusals.count) refused")
                }
                let began = clock.now
                let answer = try await node.push(number)
                diary.slowest = max(diary.slowest, clock.now - began)
                if answer.status == 201 {
                    diary.acknowledged.append(number)
                    if !diary.refusals.isEmpty { afterwards += 1 }
                } else {
                    diary.refusals.append(answer)
                    try await Task.sleep(for: .milliseconds(10))
                }
                number += 1
            }
            return diary
        }

        private func allEvents(of node: RunningNode) async throws -> [Int] {
            var (all, cursor) = try await node.feed()
            while true {
                let page = try await node.feed(after: cursor)
                if page.numbers.isEmpty { return all }
                (all, cursor) = (all + page.numbers, page.cursor)
            }
        }
    }
}
