import Access
import Exchanges
import Kernel
import Postgres

/// Deletions as rows. Whoever changes one, but for the claim of the job, holds its key's row first.
enum KeyDeletionStore {
    /// In the order that `KeyDeletion.init` reads.
    static let columns = """
        d.key, d.version, k.exchange, d.way, d.state, d.due_at, d.attempts, d.sends, d.sent_at, d.checked_at,
        d.outcome, d.error, d.created_at, d.deleted_at, d.deleted_by, d.proven_at, d.proof
        """
    /// Without keys of an exchange that is none: whoever wrote that is found out where the key is used.
    static let tables: String = {
        let names = ExchangeName.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return "key_deletion d join exchange_key k on k.id = d.key and k.exchange in (\(names))"
    }()

    static let find = Statement(
        "key_deletion_find", derived: selecting("where d.key = $1 and d.version = $2::integer"))
    static let lock = Statement(
        "key_deletion_lock",
        derived: selecting("where d.key = $1 and d.version = $2::integer for no key update of d"))
    static let ofKey = Statement(
        "key_deletions_of_key", derived: selecting("where d.key = $1 order by d.version"))
    static let due = Statement(
        "key_deletion_due",
        derived: selecting(
            """
            where d.due_at <= $1 order by d.due_at, d.key, d.version limit 1
            for no key update of d skip locked
            """))
    static let stuck = Statement(
        "key_deletion_stuck",
        derived: selecting(
            """
            where d.stuck_at <= $1 order by d.stuck_at, d.key, d.version limit $2
            for no key update of d skip locked
            """))
    private static let update = Statement(
        "key_deletion_update",
        """
        update key_deletion set way = $3, state = $4, due_at = $5, attempts = $6::integer,
            sends = $7::integer, sent_at = $8, checked_at = $9, outcome = $10, error = $11, deleted_at = $12,
            deleted_by = $13, proven_at = $14, proof = $15,
            stuck_at = case when $16 then stuck_at end
        where key = $1 and version = $2::integer
        """)
    /// The next week behind now, however long nobody told.
    private static let moveOn = Statement(
        "key_deletion_move_on",
        """
        update key_deletion set stuck_at = stuck_at
            + (floor(extract(epoch from $1 - stuck_at) / 604800) + 1) * interval '7 days'
        where (key, version) in (select * from unnest($2::uuid[], $3::integer[]))
        """)
    private static let abandon = Statement(
        "key_deletion_abandon",
        """
        update key_deletion set due_at = null, stuck_at = null, error = $3
        where key = $1 and version = $2::integer and state <> 'proven' returning key
        """)
    private static let withdraw = Statement(
        "key_deletion_withdraw",
        "delete from key_deletion where key = $1 and version = $2::integer and state <> 'proven'")

    private static func selecting(_ rest: String) -> String {
        ["select", columns, "from", tables, rest].joined(separator: " ")
    }

    nonisolated(nonsending) static func find(
        _ key: ExchangeKeyID, _ version: Int, in source: any Queryable
    ) async throws -> KeyDeletion? {
        try await source.query(find, .id(key), .int(version)).first.map { KeyDeletion($0) }
    }

    nonisolated(nonsending) static func lock(
        _ key: ExchangeKeyID, _ version: Int, in transaction: Transaction
    ) async throws -> KeyDeletion? {
        try await transaction.query(lock, .id(key), .int(version)).first.map { KeyDeletion($0) }
    }

    nonisolated(nonsending) static func all(
        of key: ExchangeKeyID, in source: any Queryable
    ) async throws -> [KeyDeletion] {
        try await source.query(ofKey, .id(key)).map { KeyDeletion($0) }
    }

    /// The one that waits longest, if it is time.
    nonisolated(nonsending) static func due(
        at now: Timestamp, in transaction: Transaction
    ) async throws -> KeyDeletion? {
        try await transaction.query(due, .timestamp(now)).first.map { KeyDeletion($0) }
    }

    nonisolated(nonsending) static func stuck(
        at now: Timestamp, limit: Int, in transaction: Transaction
    ) async throws -> [KeyDeletion] {
        try await transaction.query(stuck, .timestamp(now), .int(limit)).map { KeyDeletion($0) }
    }

    nonisolated(nonsending) static func update(
        _ deletion: KeyDeletion, in transaction: Transaction
    ) async throws {
        // Where there is no proof to be had, somebody's word ends the waiting.
        let isOver = deletion.state == .deleted && !deletion.exchange.tellsOfNoKey
        _ = try await transaction.query(
            update, .id(deletion.key), .int(deletion.version), .text(deletion.way.rawValue),
            .text(deletion.state.rawValue), .timestamp(deletion.dueAt), .int(deletion.attempts),
            .int(deletion.sends), .timestamp(deletion.sentAt), .timestamp(deletion.checkedAt),
            .text(deletion.outcome), .text(deletion.error), .timestamp(deletion.deletedAt),
            .text(deletion.deletedBy), .timestamp(deletion.provenAt), .json(deletion.proof),
            .bool(deletion.isWaiting && !isOver))
    }

    nonisolated(nonsending) static func moveOn(
        _ deletions: [KeyDeletion], after now: Timestamp, in transaction: Transaction
    ) async throws {
        guard !deletions.isEmpty else { return }
        _ = try await transaction.query(
            moveOn, .timestamp(now), .idArray(deletions.map(\.key)),
            .int32Array(deletions.map { Int32($0.version) }))
    }

    /// A version that is destroyed can prove nothing any more; whether one waited.
    nonisolated(nonsending) static func abandon(
        _ key: ExchangeKeyID, _ version: Int, in transaction: Transaction
    ) async throws -> Bool {
        try await !transaction.query(abandon, .id(key), .int(version), .text(KeyDeletion.destroyed)).isEmpty
    }

    /// A version that is used again is not to be deleted.
    nonisolated(nonsending) static func withdraw(
        _ key: ExchangeKeyID, _ version: Int, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(withdraw, .id(key), .int(version))
    }
}

extension KeyDeletion {
    init(_ row: Row) {
        guard let exchange = ExchangeName(rawValue: row.text(2)), let way = Way(rawValue: row.text(3)),
            let state = State(rawValue: row.text(4))
        else { preconditionFailure("the constraints of key_deletion and exchange_key hold") }
        self.init(
            key: row.id(0), version: row.int(1), exchange: exchange, way: way, state: state,
            dueAt: row.optionalTimestamp(5), attempts: row.int(6), sends: row.int(7),
            sentAt: row.optionalTimestamp(8), checkedAt: row.optionalTimestamp(9),
            outcome: row.optionalText(10), error: row.optionalText(11), createdAt: row.timestamp(12),
            deletedAt: row.optionalTimestamp(13), deletedBy: row.optionalText(14),
            provenAt: row.optionalTimestamp(15), proof: row.optionalJSON(16))
    }
}
