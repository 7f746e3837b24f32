import Access
import Kernel
import Postgres

/// A key-encryption key on its way to replace the older ones, as a row.
struct Rekeying {
    let generation: Int
    let startedAt: Timestamp
    let startedBy: String
    let total: Int64
    let rewrapped: Int64
    let finishedAt: Timestamp?
    let proof: [UInt8]?
    /// Rows that cannot be moved, as told.
    let blocked: [String]

    private static let newest = Statement(
        "rekeying_newest",
        """
        select generation, started_at, started_by, total, rewrapped, finished_at, proof, blocked
        from rekeying
        order by generation desc limit 1
        """)
    private static let insert = Statement(
        "rekeying_insert",
        "insert into rekeying (generation, started_at, started_by, total) values ($1::integer, $2, $3, $4)")
    private static let advance = Statement(
        "rekeying_advance", "update rekeying set rewrapped = rewrapped + $2 where generation = $1::integer")
    private static let finish = Statement(
        "rekeying_finish",
        """
        update rekeying set finished_at = $2, proof = $3, blocked = '{}'
        where generation = $1::integer and finished_at is null
        """)
    private static let lockBlocked = Statement(
        "rekeying_blocked_lock",
        "select blocked from rekeying where generation = $1::integer for no key update")
    private static let setBlocked = Statement(
        "rekeying_blocked_set", "update rekeying set blocked = $2 where generation = $1::integer")
    private static let deleteOlder = Statement(
        "rekeying_delete_older", "delete from key_encryption_key where generation < $1::integer")
    private static let countTags = Statement(
        "rekeying_count_tags", "select count(*) from exchange_key where mac_generation < $1")
    private static let lagging = Statement(
        "rekeying_lagging",
        """
        select id from node where last_seen_at > $2 and key_generation between 1 and $1::integer - 1
        order by id
        """)

    var isOpen: Bool { finishedAt == nil }

    static nonisolated(nonsending) func newest(
        in source: any Queryable
    ) async throws(PostgresError) -> Rekeying? {
        try await source.query(newest).first.map { row in
            Rekeying(
                generation: row.int(0), startedAt: row.timestamp(1), startedBy: row.text(2),
                total: row.int64(3), rewrapped: row.int64(4), finishedAt: row.optionalTimestamp(5),
                proof: row.optionalJSON(6), blocked: row.textArray(7))
        }
    }

    static nonisolated(nonsending) func begin(
        _ generation: Int, total: Int64, at now: Timestamp, by principal: String, in transaction: Transaction
    ) async throws(PostgresError) {
        _ = try await transaction.query(
            insert, .int(generation), .timestamp(now), .text(principal), .int64(total))
    }

    static nonisolated(nonsending) func advance(
        _ generation: Int, by count: Int, in transaction: Transaction
    ) async throws(PostgresError) {
        _ = try await transaction.query(advance, .int(generation), .int(count))
    }

    static nonisolated(nonsending) func lockBlocked(
        _ generation: Int, in transaction: Transaction
    ) async throws(PostgresError) -> [String] {
        try await transaction.query(lockBlocked, .int(generation)).first?.textArray(0) ?? []
    }

    static nonisolated(nonsending) func setBlocked(
        _ generation: Int, _ rows: [String], in transaction: Transaction
    ) async throws(PostgresError) {
        _ = try await transaction.query(setBlocked, .int(generation), .textArray(rows))
    }

    /// The older generations go. The foreign keys of everything that is sealed refuse it while anything hangs
    /// on them: that is the proof.
    static nonisolated(nonsending) func finish(
        _ generation: Int, proof: [UInt8], at now: Timestamp, in transaction: Transaction
    ) async throws(PostgresError) {
        _ = try await transaction.query(deleteOlder, .int(generation))
        _ = try await transaction.query(finish, .int(generation), .timestamp(now), .json(proof))
    }

    /// What hangs on generations older than this one, column by column.
    static nonisolated(nonsending) func remaining(
        below generation: Int, in source: any Queryable
    ) async throws(PostgresError) -> [(name: String, count: Int64)] {
        var counts: [(name: String, count: Int64)] = []
        let statements = SealedColumn.all.map { ($0.name, $0.count) } + [("exchange_key.mac", countTags)]
        for (name, statement) in statements {
            let row = try await source.query(statement, .int32(Int32(generation))).first
            counts.append((name, row?.int64(0) ?? 0))
        }
        return counts
    }

    /// Nodes that live and do not have the generation yet. A sealed one has none, and will load what there
    /// is.
    static nonisolated(nonsending) func lagging(
        behind generation: Int, at now: Timestamp, in source: any Queryable
    ) async throws(PostgresError) -> [NodeID] {
        try await source.query(lagging, .int(generation), .timestamp(now - .minutes(1))).map { $0.id(0) }
    }
}
