import EventLoop
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

extension IntegrationTests {
    /// What readers of events see while transactions elsewhere take their time.
    @Suite struct EventOrderTests {
        /// Of a session that neither PostgreSQL nor the service ends for being idle or old.
        private static let patient: SessionSettings = {
            var settings = SessionSettings()
            settings.applicationName = "patient"
            settings.idleInTransactionTimeout = .seconds(0)
            settings.statementTimeout = .seconds(0)
            return settings
        }()

        /// Runs `body` while `sql` is an open transaction of another session; then commits it.
        private func whileOpen(
            _ sql: String, at url: DatabaseURL, _ body: @Sendable () async throws -> Void
        ) async throws {
            let worker = try Worker()
            worker.start(name: "patient")
            defer { worker.stop() }
            try await worker.run { worker in
                let database = ScratchDatabase(url: url).open(on: worker, settings: Self.patient)
                defer { database.stop() }
                let session = try await database.connector.plainConnection()
                defer { session.close() }
                try await session.run("begin; \(sql)")
                try await body()
                try await session.run("commit")
            }
        }

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

        /// Enough for several of the transactions that an upload is cut into.
        private static let candles = 50_000

        @Test
        func `a revoked key reaches its webhook during a foreign transaction and a bulk upload`() async throws
        {
            let receiver = try Receiver()
            defer { receiver.stop() }
            let foreign = try await ScratchDatabase.make(migrated: false).url
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                let webhook = try await node.makeWebhook(to: receiver, "alert.*")
                try await node.makeRule("A key is revoked", on: "key.revoked", sendTo: webhook)
                let key = try await node.makeKey("to be revoked")
                let upload = try CandleStream(to: node, rows: Self.candles)
                try await whileOpen("create table held_open (id bigint)", at: foreign) {
                    async let begun: Void = upload.begin()
                    try await wait(until: "the upload is being stored") { try await storesCandles(node) }
                    try await node.must("POST", "/v1/keys/\(key.id)/revoke", ["reason": "laptop stolen"])
                    let message = try await receiver.first("the alert") { $0.type == "alert.firing" }
                    #expect(message.data["rule"]?["name"] == "A key is revoked")
                    // Its last row was not even sent, and the other transaction is open until we return.
                    #expect(!upload.isComplete)
                    try await begun
                }
                let answer = try await upload.finish()
                #expect(answer["inserted"]?.asInt == Int64(Self.candles))
                #expect(receiver.accepted.count == 1)
            }
        }

        private func storesCandles(_ node: RunningNode) async throws -> Bool {
            let page = try await node.must("GET", "/v1/series?limit=1")
            return page["data"]?.asArray?.isEmpty == false
        }
    }
}
