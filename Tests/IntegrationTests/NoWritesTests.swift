import EventLoop
import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// A database that answers, and takes no writes.
    @Suite struct NoWritesTests {
        private static let full = """
            create function full_disk() returns trigger language plpgsql as
            $$ begin raise 'could not extend file: No space left on device' using errcode = '53100'; end $$;
            create trigger full_disk before insert on usage_event
                for each statement execute function full_disk();
            create trigger full_disk before insert on write_probe
                for each statement execute function full_disk();
            """
        private static let room = """
            drop trigger full_disk on usage_event;
            drop trigger full_disk on write_probe;
            """
        private static let readOnly = "alter system set default_transaction_read_only = on"
        private static let writable = "alter system reset default_transaction_read_only"
    }
}

extension IntegrationTests.NoWritesTests {
    private func settle(_ desk: CutOffDesk) async throws {
        try await wait(until: "the node is ready to be cut off") {
            try await desk.node.call("GET", "/metrics", token: nil).text.contains("\naway_mode_keys 2.0\n")
        }
    }

    private func run(_ statements: [String], _ desk: CutOffDesk, in database: String = "keybell") async throws
    {
        let commands = ["set default_transaction_read_only = off"] + statements
        _ = try await desk.server.run("psql", ["-d", database] + commands.flatMap { ["-c", $0] })
    }

    private func expectExits(_ desk: CutOffDesk, _ reason: String) async throws {
        try await wait(until: "exits go by the journal") { try await desk.isAway }
        let cancelled = try await desk.cancel("resting")
        #expect(
            cancelled.status == 400 && cancelled.header("keybell-away") == "yes", "\(cancelled.everything)")
        let ready = try await desk.node.call("GET", "/readyz", token: nil)
        #expect(ready.status == 503, "\(ready.everything)")
        let check = ready.json["checks"]?.asArray?.first { $0["name"] == "database" }
        #expect(check?["detail"]?.asString == "takes no writes: \(reason)", "\(ready.everything)")
        #expect(try await desk.node.call("GET", "/v1/me").status == 200)
        let order = try await desk.cancel("resting", of: desk.other)
        #expect(order.status == 503 && order.header("retry-after") == "1", "\(order.everything)")
        #expect(desk.node.log.contains("the database takes no writes"))
    }

    private func expectHealed(_ desk: CutOffDesk) async throws {
        try await wait(until: "the node is ready") { await desk.node.isReady }
        try await wait(until: "the journal is merged") { desk.journals("journal").isEmpty }
        try await wait(until: "uses are recorded again") {
            let cancelled = try await desk.cancel("later")
            return cancelled.status == 400 && cancelled.header("keybell-away") == nil
        }
        #expect(Set(try await desk.recorded()).isSuperset(of: ["resting", "later"]))
        #expect(desk.node.log.contains("the database takes writes again"))
        try await desk.expectIntact()
    }

    @Test func `on a full disk exits go by the journal, and it heals`() async throws {
        try await CutOffDesk.run { desk in
            try await settle(desk)
            try await run([Self.full], desk)
            let first = try await desk.cancel("first")
            #expect(first.status == 503 && first.header("retry-after") == "1", "\(first.everything)")
            #expect(first.text.contains("its disk is full"), "\(first.everything)")
            try await expectExits(desk, "its disk is full")
            try await run([Self.room], desk)
            try await expectHealed(desk)
        }
    }

    @Test func `so it is with a server that became read-only, though nobody writes`() async throws {
        try await CutOffDesk.run { desk in
            try await settle(desk)
            try await run([Self.readOnly, "select pg_reload_conf()"], desk)
            try await expectExits(desk, "it is read-only")
            try await run([Self.writable, "select pg_reload_conf()"], desk)
            try await expectHealed(desk)
        }
    }
}
