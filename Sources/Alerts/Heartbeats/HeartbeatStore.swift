import Access
import HTTPServer
import Identity
import JSON
import Kernel
import Postgres

/// Heartbeats as rows.
enum HeartbeatStore {
    private static let insert = Statement(
        "heartbeat_insert",
        """
        insert into heartbeat (id, owner, name, labels, every, grace, every_seconds, grace_seconds, is_paused,
            due_at, missed_at, last_ping_at, pings, secret_hint, updated_at, revision, secret_hash, rule,
            created_at)
        values ($1, $2, normalize($3::text, NFC), $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
            $17, $18, $19)
        """)
    private static let update = Statement(
        "heartbeat_update",
        """
        update heartbeat set owner = $2, name = normalize($3::text, NFC), labels = $4, every = $5, grace = $6,
            every_seconds = $7, grace_seconds = $8, is_paused = $9, due_at = $10, missed_at = $11,
            last_ping_at = $12, pings = $13, secret_hint = $14, updated_at = $15, revision = $16
        where id = $1
        """)
    private static let setSecret = Statement(
        "heartbeat_secret", "update heartbeat set secret_hash = $2 where id = $1")
    private static let find = Statement(
        "heartbeat_find",
        """
        select id, owner, name, labels, every, grace, is_paused, due_at, missed_at, last_ping_at, pings,
            secret_hint, rule, created_at, updated_at, revision
        from heartbeat where id = $1
        """)
    private static let lock = Statement(
        "heartbeat_lock",
        """
        select id, owner, name, labels, every, grace, is_paused, due_at, missed_at, last_ping_at, pings,
            secret_hint, rule, created_at, updated_at, revision
        from heartbeat where id = $1 for no key update
        """)
    private static let lockBySecret = Statement(
        "heartbeat_lock_by_secret",
        """
        select id, owner, name, labels, every, grace, is_paused, due_at, missed_at, last_ping_at, pings,
            secret_hint, rule, created_at, updated_at, revision
        from heartbeat where secret_hash = $1 for no key update
        """)
    private static let list = Statement(
        "heartbeat_list",
        """
        select id, owner, name, labels, every, grace, is_paused, due_at, missed_at, last_ping_at, pings,
            secret_hint, rule, created_at, updated_at, revision
        from heartbeat where $1::uuid is null or id > $1 order by id limit $2
        """)
    private static let count = Statement("heartbeat_count", "select count(*) from heartbeat")
    private static let delete = Statement("heartbeat_delete", "delete from heartbeat where id = $1")

    nonisolated(nonsending) static func insert(
        _ heartbeat: Heartbeat, hash: SecretHash, in transaction: Transaction
    ) async throws {
        try await write(
            insert,
            heartbeat.parameters + [
                .bytes(hash.bytes), .id(heartbeat.rule), .timestamp(heartbeat.createdAt),
            ], in: transaction)
    }

    nonisolated(nonsending) static func update(
        _ heartbeat: Heartbeat, in transaction: Transaction
    ) async throws {
        try await write(update, heartbeat.parameters, in: transaction)
    }

    nonisolated(nonsending) static func set(
        _ hash: SecretHash, of id: HeartbeatID, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(setSecret, .id(id), .bytes(hash.bytes))
    }

    nonisolated(nonsending) static func find(
        _ id: HeartbeatID, in source: any Queryable
    ) async throws -> Heartbeat? {
        try await source.query(find, .id(id)).first.flatMap { Heartbeat($0) }
    }

    nonisolated(nonsending) static func lock(
        _ id: HeartbeatID, in transaction: Transaction
    ) async throws -> Heartbeat? {
        try await transaction.query(lock, .id(id)).first.flatMap { Heartbeat($0) }
    }

    nonisolated(nonsending) static func lock(
        _ hash: SecretHash, in transaction: Transaction
    ) async throws -> Heartbeat? {
        try await transaction.query(lockBySecret, .bytes(hash.bytes)).first.flatMap { Heartbeat($0) }
    }

    /// One more than that, when there are more.
    nonisolated(nonsending) static func list(
        after id: HeartbeatID?, limit: Int, in source: any Queryable
    ) async throws -> [Heartbeat] {
        try await source.query(list, .id(id), .int(limit + 1)).compactMap { Heartbeat($0) }
    }

    nonisolated(nonsending) static func count(in source: any Queryable) async throws -> Int {
        try await source.query(count).first?.int(0) ?? 0
    }

    nonisolated(nonsending) static func delete(
        _ id: HeartbeatID, in transaction: Transaction
    ) async throws { _ = try await transaction.query(delete, .id(id)) }

    private nonisolated(nonsending) static func write(
        _ statement: Statement, _ parameters: [Parameter], in transaction: Transaction
    ) async throws {
        do {
            _ = try await transaction.query(statement, parameters: parameters)
        } catch let error where error.isUniqueViolation("heartbeat_name") {
            throw Problem(
                .alreadyExists, "A heartbeat of this name exists; names differ by more than case.",
                errors: [FieldError(pointer: "/name", code: "already_exists", message: "is taken")])
        }
    }
}

extension Heartbeat {
    /// Nil for a row that this service did not write.
    init?(_ row: Row) {
        guard let owner = PrincipalID(row.text(1)), let every = Lapse(row.text(4)),
            let grace = Lapse(row.text(5))
        else { return nil }
        self.init(
            id: row.id(0), owner: owner, name: row.text(2), labels: row.object(3), every: every, grace: grace,
            isPaused: row.bool(6), dueAt: row.optionalTimestamp(7), missedAt: row.optionalTimestamp(8),
            lastPingAt: row.optionalTimestamp(9), pings: row.int64(10), hint: row.text(11),
            rule: row.optionalID(12), createdAt: row.timestamp(13), updatedAt: row.timestamp(14),
            revision: row.int64(15))
    }

    fileprivate var parameters: [Parameter] {
        [
            .id(id), .text(owner.description), .text(name), .text(JSONValue.object(labels).text),
            .text(every.text), .text(grace.text), .int64(every.seconds), .int64(grace.seconds),
            .bool(isPaused), .timestamp(dueAt), .timestamp(missedAt), .timestamp(lastPingAt), .int64(pings),
            .text(hint), .timestamp(updatedAt), .int64(revision),
        ]
    }
}

extension Lapse {
    var seconds: Int64 { period.microseconds / 1_000_000 }
}
