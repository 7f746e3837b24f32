import JSON
import Postgres
import TestSupport
import Testing

extension IntegrationTests {
    /// What readers of events see while transactions elsewhere take their time.
    @Suite struct EventOrderTests {
        @Test func `a late-committing transaction is not skipped by readers of events`() async throws {
            let url = try await ScratchDatabase.make().url
            let late = """
                insert into event (era, id, at, type, data)
                select era, gen_random_uuid(), now(), 'custom.count', '{"n": 1000}' from installation
                """
            try await RunningNode.with(.database(url)) { node in
                try await node.bootstrap()
                try await node.pushAll(0..<5)
                let early = try await node.follow(until: 5)
                let cursor = try await node.feed().cursor
                try await whileOpen(late, at: url) {
                    try await node.pushAll(5..<15)
                    // Committed, and yet nobody may go past the transaction that is still open.
                    for _ in 0..<10 { #expect(try await node.feed(after: cursor).numbers.isEmpty) }
                }
                let rest = try await node.follow(after: cursor, until: 11)
                #expect(early == [0, 1, 2, 3, 4])
                #expect(rest == [1_000] + Array(5..<15))
                #expect(try await node.feed().numbers == early + rest)
            }
        }

        @Test func `a node whose readers of events are held back stays ready, and says what to do`()
            async throws
        {
            let foreign = try await ScratchDatabase.make(migrated: false).url
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                try await whileOpen("create table held_open (id bigint)", at: foreign) {
                    try await node.pushAll(0..<1)
                    let warning = try await eventually("a warning") { try await lagWarning(node) }
                    #expect(warning.contains("blocking_pid"))
                    #expect(node.log.contains(#""blocking_database":"\#(foreign.database ?? "?")""#))
                    let system = try await node.must("GET", "/v1/system")
                    #expect(system["event_horizon_lag_seconds"]?.asDouble ?? 0 >= 5)
                }
                try await wait(until: "the warning is gone") { try await lagWarning(node) == nil }
            }
        }

        /// What a ready node warns of, when it is this.
        private func lagWarning(_ node: RunningNode) async throws -> String? {
            let answer = try await node.call("GET", "/readyz", token: nil)
            #expect(answer.status == 200)
            #expect(answer.json["status"] == "ready")
            return answer.json["warnings"]?.asArray?.lazy.compactMap(\.asString)
                .first { $0.contains("readers of events") }
        }

        /// The promise; measured until it is kept once, since the machine does other things, too.
        private static let promise = Duration.seconds(1)
        private static let revocationsAtMost = 20

        @Test
        func `with a foreign writer and 1,000,000 candles, a revoked key reaches its webhook within 1 s`()
            async throws
        {
            let receiver = try Receiver()
            defer { receiver.stop() }
            let foreign = try await ScratchDatabase.make(migrated: false).url
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                let webhook = try await node.makeWebhook(to: receiver, "alert.*")
                try await node.makeRule("A key is revoked", on: "key.revoked", sendTo: webhook)
                let upload = try CandleStream(to: node)
                async let whole = upload.run()
                defer { upload.end() }
                let revocations = try await whileOpen("create table held_open (id bigint)", at: foreign) {
                    var times: [Duration] = []
                    repeat {
                        try await waitForMoreCandles(node)
                        times.append(try await revokeKey(times.count, of: node, tellingOf: receiver))
                    } while !times.contains { $0 < Self.promise } && times.count < Self.revocationsAtMost
                    // The upload goes on, and the other transaction is open until we return.
                    try await waitForMoreCandles(node)
                    #expect(times.contains { $0 < Self.promise }, "\(times)")
                    return times.count
                }
                upload.end()
                let (rows, answer) = try await whole
                #expect(answer["inserted"]?.asInt == Int64(rows))
                #expect(receiver.accepted.count == revocations)
            }
        }

        /// From the request to revoke a key until its message has come.
        private func revokeKey(
            _ number: Int, of node: RunningNode, tellingOf receiver: Receiver
        ) async throws -> Duration {
            let key = try await node.makeKey("to be revoked \(number)")
            return try await ContinuousClock().measure {
                try await node.must("POST", "/v1/keys/\(key.id)/revoke", ["reason": "laptop stolen"])
                _ = try await receiver.first("the alert") { $0.data["event"]?["key_id"]?.asString == key.id }
            }
        }

        /// Waits until the upload under way has stored another series, or has stored all.
        private func waitForMoreCandles(_ node: RunningNode) async throws {
            let before = min(try await seriesCount(node), Self.seriesAtMost - 1)
            try await wait(until: "more of the upload is stored") { try await seriesCount(node) > before }
        }

        /// All of an upload, and of a page.
        private static let seriesAtMost = CandleStream.mostRows / CandleStream.rowsOfSeries

        private func seriesCount(_ node: RunningNode) async throws -> Int {
            try await node.must("GET", "/v1/series?limit=\(Self.seriesAtMost)")["data"]?.asArray?.count ?? 0
        }
    }
}
