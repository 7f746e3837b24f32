import TestSupport
import Testing

extension IntegrationTests {
    /// A service that nobody started for months.
    @Suite struct MonthTablesTests {
        /// No table of this month or a later one; and a row of today that came before its table.
        private static let age = """
            do $$ declare child text; begin
                for child in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
                    where c.relkind = 'r' and c.relname ~ '_[0-9]{6}$'
                loop execute format('drop table %I', child); end loop;
            end $$;
            insert into event (era, id, at, type, data)
                values (1, gen_random_uuid(), now(), 'custom.test.early', '{}')
            """
        private static let tables = """
            select count(*) from unnest(array['audit_record', 'audit_item', 'event', 'usage_event']) as parent
            where to_regclass(parent || '_' || to_char(now() at time zone 'UTC', 'YYYYMM')) is not null
            """

        private static func early(_ table: String) -> String {
            "select count(*) from \(table) where type = 'custom.test.early'"
        }

        @Test func `a start makes this month's tables, and moves what came before them`() async throws {
            try await RunningPostgres.with { server in
                _ = try await server.run("createdb", ["keybell"])
                let store = RunningNode.Store.database(server.url("keybell"))
                let keys = try TestFolder()
                defer { keys.remove() }
                let rootKey = ["KEYBELL_ROOT_KEY_FILE": keys.file("root.key")]
                try await RunningNode.with(store, rootKey) { node in
                    let code = try await node.stop()
                    #expect(code == 0)
                }
                _ = try await ask(server, Self.age)
                let before = try await ask(server, Self.tables)
                #expect(before == "0")
                try await RunningNode.with(store, rootKey) { node in
                    let made = try await ask(server, Self.tables)
                    let left = try await ask(server, Self.early("event_other"))
                    let moved = try await ask(server, Self.early("event"))
                    #expect(made == "4" && left == "0" && moved == "1")
                    #expect(!node.log.contains("tables of the month cannot be made"))
                }
            }
        }

        private func ask(_ server: RunningPostgres, _ statement: String) async throws -> String {
            let arguments = ["--no-psqlrc", "--quiet", "-At", "-v", "ON_ERROR_STOP=1", "-c", statement]
            let said = try await server.run("psql", arguments + ["keybell"])
            return said.filter { !$0.isWhitespace }
        }
    }
}
