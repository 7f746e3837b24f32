import Access
import Crypto
import JSON
import Jobs
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Sealing

@Suite struct KeyRotationTests {
    private static let path = "/v1/system/key-encryption-key/rotation"
    private static let webhooks = 450

    @Test func `everything sealed moves to the new generation, and the old one goes with a proof`()
        async throws
    {
        try await SealDesk.run { desk, _ in
            try await fill(desk)
            try await addChannel(desk)
            let begun = try await desk.call("POST", Self.path)
            #expect(begun.status == 202)
            #expect(begun.json["generation"] == 2)
            #expect(begun.json["in_progress"] == true)
            #expect(begun.json["total"]?.asInt == 2 * Int64(Self.webhooks) + 3)
            #expect(desk.runsAsked.value == 1)
            #expect(try await desk.call("POST", Self.path).code == "conflict")
            try await desk.watch.look()
            try await run(desk)
            let ended = try await desk.call("GET", Self.path).json
            #expect(ended["in_progress"] == false)
            #expect(ended["rewrapped"] == ended["total"])
            #expect(ended["remaining"]?.asObject?.members.allSatisfy { $0.value == 0 } == true)
            #expect(try await KeyEncryptionKeys.read(desk.database).map(\.generation) == [2])
            try await desk.watch.look()
            #expect(try desk.custodian.seal.opened().keyring.generations == [2])
            #expect(try await allOpen(desk))
            #expect(try await desk.events() == ["key_encryption_key.rotated"])
            // And once more: the next rotation finds nothing in its way.
            _ = try await desk.call("POST", Self.path)
            try await desk.watch.look()
            try await run(desk)
            #expect(try await KeyEncryptionKeys.read(desk.database).map(\.generation) == [3])
        }
    }

    @Test func `a sweep that ends at any step goes on where it stood`() async throws {
        try await SealDesk.run { desk, root in
            try await fill(desk)
            _ = try await desk.call("POST", Self.path)
            var moved = 0
            while true {
                // Each step on a node of its own, which is gone after it.
                let node = try await desk.another(root: root)
                let count = try #require(try await node.rewrap.step(2)).moved
                if count == 0 { break }
                #expect(count <= Rewrap.stepRows)
                moved += count
                #expect(try await allOpen(node))
            }
            #expect(moved == 2 * Self.webhooks + 2)
            #expect(try await desk.another(root: root).rewrap.finish(2))
        }
    }

    @Test func `the old generation stays as long as a node that lives does not have the new one`()
        async throws
    {
        try await SealDesk.run { desk, root in
            let slow = try await desk.another(root: root)
            let gone = try await desk.another(root: root)
            for node in [desk, slow, gone] { try await node.beat() }
            desk.time.move(.minutes(2))
            for node in [desk, slow] { try await node.beat() }
            _ = try await desk.call("POST", Self.path)
            try await desk.watch.look()
            while try await desk.rewrap.step(2)?.isLast != true {}
            #expect(try await !desk.rewrap.finish(2))
            let waiting = try await desk.call("GET", Self.path).json["waiting_for_nodes"]?.asArray
            #expect(waiting?.compactMap(\.asString) == [slow.node.description])
            try await slow.watch.look()
            #expect(try await desk.rewrap.finish(2))
        }
    }

    @Test func `what is sealed under the old generation meanwhile is swept too`() async throws {
        try await SealDesk.run { desk, root in
            let slow = try await desk.another(root: root)
            _ = try await desk.call("POST", Self.path)
            try await desk.watch.look()
            while try await desk.rewrap.step(2)?.isLast != true {}
            try await fill(slow, 3)
            #expect(try await !desk.rewrap.finish(2))
            #expect(try await desk.rewrap.step(2)?.moved == 3)
            #expect(try await desk.rewrap.step(2)?.moved == 3)
            #expect(try await desk.rewrap.step(2)?.moved == 0)
            #expect(try await desk.rewrap.finish(2))
        }
    }

    @Test func `the database itself keeps a generation that something hangs on`() async throws {
        try await SealDesk.run { desk, _ in
            await #expect(throws: PostgresError.self) {
                try await desk.database.transaction { transaction in
                    try await Rekeying.finish(2, proof: Array("{}".utf8), at: desk.time.now, in: transaction)
                }
            }
        }
    }

    @Test func `rows that were altered past the service are named, told once, and hold up nothing else`()
        async throws
    {
        try await SealDesk.run { desk, root in
            try await fill(desk, 60)
            // Header bytes: the wrapped data key of some, the format of another.
            for (table, column, byte, count) in [
                ("webhook", "signing_key", 12, 25), ("webhook_secret", "sealed", 0, 1),
            ] {
                let text = """
                    update \(table)
                    set \(column) = set_byte(\(column), \(byte), get_byte(\(column), \(byte)) # 7)
                    where id in (select id from \(table) order by id limit \(count))
                    """
                _ = try await desk.database.transaction { transaction in
                    try await transaction.query(Statement("test_console", derived: text))
                }
            }
            _ = try await desk.call("POST", Self.path)
            try await desk.watch.look()
            let other = try await desk.another(root: root)
            for node in [desk, other, desk] {
                let error = await #expect(throws: BlockedRows.self) { try await run(node) }
                #expect(error?.description.hasPrefix("blocked by 26 rows") == true)
                #expect(error?.description.contains("webhook.signing_key ") == true)
            }
            let report = try await desk.call("GET", Self.path).json
            #expect(report["in_progress"] == true && report["rewrapped"]?.asInt == 120 + 2 - 26)
            #expect(report["blocked"]?.asArray?.count == 26)
            #expect(try await desk.events().filter { $0 == "sealed_value.tampered" }.count == 26)

            _ = try await desk.database.transaction { transaction in
                try await transaction.query(
                    Statement(
                        "test_console", derived: "delete from webhook_secret where sealed_generation < 2"))
            }
            _ = try await desk.database.transaction { transaction in
                try await transaction.query(
                    Statement(
                        "test_console", derived: "delete from webhook where signing_key_generation < 2"))
            }
            try await run(desk)
            #expect(try await desk.call("GET", Self.path).json["in_progress"] == false)
        }
    }

    @Test func `the rooms' own tags are asked for in the same steps`() async throws {
        try await withDatabase { database in
            let retagged = Counter()
            let states = KeyStates(
                tagAll: { _, _ in },
                retag: { _, _, _ in
                    guard retagged.value < 2 else { return 0 }
                    retagged.add()
                    return 7
                })
            let desk = try await SealDesk(database, root: RootKey(), states: states)
            _ = try await desk.call("POST", Self.path)
            try await desk.watch.look()
            try await run(desk)
            #expect(retagged.value == 2)
            #expect(try await desk.call("GET", Self.path).json["rewrapped"] == 16)
        }
    }

    @Test func `a sealed node leaves the sweep alone`() async throws {
        try await SealDesk.run { desk, _ in
            _ = try await desk.call("POST", Self.path)
            _ = try await desk.call("POST", "/v1/system/seal", #"{"reason":"a drill"}"#)
            try await run(desk)
            #expect(try await desk.call("GET", Self.path).json["in_progress"] == true)
        }
    }

    private func run(_ desk: SealDesk) async throws {
        let context = Context.installation(now: desk.time.now, requestID: "run")
        let id = RunID(UUID(at: desk.time.now, entropy: .system))
        _ = try await desk.rewrap.run(JobRun(id: id, context: context))
    }

    // MARK: Things that are sealed

    private static let insert = Statement(
        "test_sealed_webhooks",
        derived: """
            with hooks as (
                insert into webhook (id, name, name_folded, url, event_types, owner, status, public_key,
                    signing_key, created_at, updated_at)
                select d.id, d.id, d.id, 'https://hooks.example/x', '{}', '', 'active', '', d.sealed, $3, $3
                from unnest($1::uuid[], $2::bytea[]) as d (id, sealed))
            insert into webhook_secret (id, webhook, sealed, created_at)
            select d.id, d.id, d.sealed, $3 from unnest($1::uuid[], $2::bytea[]) as d (id, sealed)
            """)
    private static let sealedBytes = Statement(
        "test_sealed_bytes",
        derived: """
            select signing_key from webhook union all select sealed from webhook_secret
            union all select sealed from webhook_channel
            """)
    private static let insertChannel = Statement(
        "test_sealed_channel",
        derived: """
            insert into webhook_channel (webhook, kind, settings, secrets, sealed)
            select id, 'slack', '{}', '{url}', $1 from webhook limit 1
            """)
    private static let field = SealedField(table: "test", id: "1", field: "sealed")

    private func fill(_ desk: SealDesk, _ count: Int = webhooks) async throws {
        let keyring = try desk.custodian.seal.opened().keyring
        let ids = (0..<count).map { _ in UUID(at: desk.time.now, entropy: .system) }
        let sealed = try ids.map { _ in try keyring.seal(Array("a secret".utf8), for: Self.field) }
        _ = try await desk.database.transaction { transaction in
            try await transaction.query(
                Self.insert, .uuidArray(ids), .byteaArray(sealed), .timestamp(desk.time.now))
        }
    }

    private func addChannel(_ desk: SealDesk) async throws {
        let keyring = try desk.custodian.seal.opened().keyring
        let sealed = try keyring.seal(Array("a secret".utf8), for: Self.field)
        _ = try await desk.database.transaction { transaction in
            try await transaction.query(Self.insertChannel, .bytes(sealed))
        }
    }

    private func allOpen(_ desk: SealDesk) async throws -> Bool {
        let keyring = try desk.custodian.seal.opened().keyring
        return try await desk.database.query(Self.sealedBytes).allSatisfy { row in
            (try? keyring.open(row.bytes(0), for: Self.field).count) == 8
        }
    }
}
