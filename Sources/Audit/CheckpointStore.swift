import Access
import Kernel
package import Postgres

/// Checkpoints as rows.
package struct CheckpointStore {
    private static let lockLanes = Statement(
        "audit_lanes_lock",
        "select lane, first, sequence, hash from audit_lane order by lane for no key update")
    private static let newest = Statement(
        "audit_checkpoint_newest",
        """
        select body, public_key, signature, number from audit_checkpoint order by number desc limit 1
        """)
    private static let insert = Statement(
        "audit_checkpoint_insert",
        """
        insert into audit_checkpoint (id, number, at, previous, body, hash, key_id, public_key, signature)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """)
    private static let mark = Statement("audit_lanes_mark", "update audit_lane set checkpoint = $1")
    private static let unannounced = Statement(
        "audit_checkpoint_unannounced",
        """
        update audit_checkpoint set announced_at = $1 where number in (
            select number from audit_checkpoint where announced_at is null order by number limit $2
            for update skip locked)
        returning body, public_key, signature, number
        """)
    private static let list = Statement(
        "audit_checkpoint_list",
        """
        select body, public_key, signature, number from audit_checkpoint
        where ($1::timestamptz is null or at >= $1) and ($2::timestamptz is null or at < $2)
            and ($3::int8 is null or number < $3)
        order by number desc limit $4
        """)
    private static let ascending = Statement(
        "audit_checkpoint_ascending",
        """
        select body, public_key, signature, number from audit_checkpoint
        where number > $1 and number <= $2 order by number limit $3
        """)
    private static let range = Statement(
        "audit_checkpoint_range",
        """
        select coalesce(min(number), 0), coalesce(max(number), 0) from audit_checkpoint
        where ($1::timestamptz is null or at >= $1) and ($2::timestamptz is null or at < $2)
        """)
    private static let exported = Statement(
        "audit_checkpoint_exported",
        "update audit_checkpoint set exported_at = $3 where number between $1 and $2 and exported_at is null")
    private static let hasExported = Statement(
        "audit_checkpoint_has_exported",
        "select exists (select from audit_checkpoint where exported_at is not null)")

    private let database: Database

    package init(_ database: Database) { self.database = database }

    /// Every lane, ascending, under its lock until the transaction ends.
    nonisolated(nonsending) func lockLanes(in transaction: Transaction) async throws -> [Checkpoint.Span] {
        try await transaction.query(Self.lockLanes).map(LaneStore.span)
    }

    nonisolated(nonsending) func newest(in connection: any Queryable) async throws -> Checkpoint? {
        try await connection.query(Self.newest).first.flatMap(Self.checkpoint)
    }

    /// Stores it, and has every lane's next entry take it up.
    nonisolated(nonsending) func insert(_ checkpoint: Checkpoint, in transaction: Transaction) async throws {
        let content = checkpoint.content
        let insert = transaction.send(
            Self.insert, .id(content.id), .int64(content.number), .timestamp(content.signedAt),
            .bytes(content.previous?.bytes), .bytes(checkpoint.body), .bytes(checkpoint.hash.bytes),
            .id(content.signedBy), .bytes(checkpoint.publicKey), .bytes(checkpoint.signature))
        let mark = transaction.send(Self.mark, .bytes(checkpoint.hash.bytes))
        try await insert.rows()
        try await mark.rows()
    }

    /// Those of which no event tells yet; they count as told when the transaction commits.
    nonisolated(nonsending) func takeUnannounced(
        at now: Timestamp, limit: Int, in transaction: Transaction
    ) async throws -> [Checkpoint] {
        let rows = try await transaction.query(Self.unannounced, .timestamp(now), .int(limit))
        return rows.compactMap(Self.checkpoint).sorted { $0.content.number < $1.content.number }
    }

    /// Newest first, from below the number `last`.
    nonisolated(nonsending) func list(
        from: Timestamp?, to: Timestamp?, below last: Int64?, limit: Int
    ) async throws -> [Checkpoint] {
        let rows = try await database.query(
            Self.list, .timestamp(from), .timestamp(to), .int64(last), .int(limit))
        return rows.compactMap(Self.checkpoint)
    }

    /// Oldest first; nil in the place of a row that holds none.
    nonisolated(nonsending) func page(
        after number: Int64, through last: Int64, limit: Int
    ) async throws -> [(number: Int64, checkpoint: Checkpoint?)] {
        let rows = try await database.query(Self.ascending, .int64(number), .int64(last), .int(limit))
        return rows.map { ($0.int64(3), Self.checkpoint($0)) }
    }

    /// The first and the last number of a time; zeros when it has none.
    nonisolated(nonsending) func numbers(
        from: Timestamp? = nil, to: Timestamp? = nil
    ) async throws -> (first: Int64, last: Int64) {
        let row = try await database.query(Self.range, .timestamp(from), .timestamp(to)).first
        return row.map { ($0.int64(0), $0.int64(1)) } ?? (0, 0)
    }

    nonisolated(nonsending) func markExported(_ numbers: ClosedRange<Int64>, at now: Timestamp) async throws {
        _ = try await database.transaction { transaction in
            try await transaction.query(
                Self.exported, .int64(numbers.lowerBound), .int64(numbers.upperBound), .timestamp(now))
        }
    }

    package nonisolated(nonsending) func hasExported() async throws -> Bool {
        try await database.query(Self.hasExported).first?.bool(0) ?? false
    }

    private static func checkpoint(_ row: Row) -> Checkpoint? {
        Checkpoint(body: row.bytes(0), publicKey: row.bytes(1), signature: row.bytes(2))
    }
}
