import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// A dump, restored on another server.
    @Suite struct RestoreTests {
        /// More transactions than a fresh server, the migrations and this test's own requests come to.
        private static let agedBy = 20_000

        @Test func `events go on after dump and restore, and a cursor from before still works`() async throws
        {
            try await RunningPostgres.with { old in
                try await age(old)
                try await RunningPostgres.with(ofOwnIdentity: true) { fresh in
                    try await moveEvents(from: old, to: fresh)
                }
            }
        }

        private func moveEvents(from old: RunningPostgres, to fresh: RunningPostgres) async throws {
            let keys = try TestFolder()
            defer { keys.remove() }
            let rootKey = ["KEYBELL_ROOT_KEY_FILE": keys.file("root.key")]
            let before = RunningNode.Store.database(old.url("keybell"))
            let (cursor, token) = try await RunningNode.with(before, rootKey) { node in
                try await node.bootstrap()
                try await node.pushAll(0..<5)
                #expect(try await node.follow(until: 5) == Array(0..<5))
                let cursor = try await node.feed().cursor
                try await node.pushAll(5..<8)
                #expect(try await node.stop() == 0)
                return (cursor, node.ownerToken)
            }
            try await copy(from: old, to: fresh)
            #expect(try await transaction(of: fresh) < transaction(of: old))

            let after = RunningNode.Store.database(fresh.url("keybell"))
            try await RunningNode.with(after, rootKey) { node in
                try node.adopt(token)
                #expect(node.log.contains("a new era of events begins"))
                // It came by pg_restore: nobody can say what was revoked since.
                let restore = try await node.must("GET", "/v1/system/restore")
                #expect(restore["waiting"] == true && restore["actions"] == 0, "\(restore)")
                try await node.must(
                    "POST", "/v1/system/restore/confirm", ["reason": "a move", "expect_actions": 0])
                #expect(try await node.must("GET", "/v1/system/restore")["waiting"] == false)
                try await node.pushAll(8..<12)
                #expect(try await node.follow(after: cursor, until: 7) == Array(5..<12))
                #expect(try await node.follow(until: 12) == Array(0..<12))
            }
        }

        private func copy(from old: RunningPostgres, to fresh: RunningPostgres) async throws {
            let dump = try await old.run("pg_dump", ["--no-owner", "keybell"])
            #expect(dump.contains("PostgreSQL database dump complete"))
            let file = fresh.folder.file("keybell.sql")
            try fresh.folder.write(dump, to: "keybell.sql")
            _ = try await fresh.run("createdb", ["--template", "template0", "keybell"])
            _ = try await fresh.run(
                "psql", ["--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "-f", file, "keybell"])
        }

        /// A server that has lived a while: its transaction ids are far up.
        private func age(_ server: RunningPostgres) async throws {
            _ = try await server.run("createdb", ["keybell"])
            let spend = """
                do $$ begin
                    for i in 1 .. \(Self.agedBy) loop perform pg_current_xact_id(); commit; end loop;
                end $$
                """
            _ = try await server.run("psql", ["--no-psqlrc", "--quiet", "-c", spend, "postgres"])
        }

        private func transaction(of server: RunningPostgres) async throws -> UInt64 {
            let text = try await server.run(
                "psql", ["--no-psqlrc", "--quiet", "-At", "-c", "select pg_current_xact_id()", "postgres"])
            return try #require(UInt64(text.prefix { $0.isNumber }))
        }
    }
}
