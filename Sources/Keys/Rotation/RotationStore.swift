import Access
import JSON
import HTTPServer
import Kernel
import Postgres

/// Rotations as rows. Whoever changes one holds its key's row, and then its own.
enum RotationStore {
    static let columns = """
        id, key, state, cause, reason, version, previous_version, overlap, deadline, next_at, attempts,
        error_code, error, resumable, tested_at, test_tag, overlap_until, stuck_told_at, proof, created_at,
        created_by, updated_at, finished_at, revision
        """
    static let find = Statement(
        "key_rotation_find",
        derived: ["select", columns, "from key_rotation where key = $1 and id = $2"].joined(separator: " "))
    static let lock = Statement(
        "key_rotation_lock",
        derived: ["select", columns, "from key_rotation where key = $1 and id = $2 for no key update"]
            .joined(separator: " "))
    static let lockOpen = Statement(
        "key_rotation_lock_open",
        derived: [
            "select", columns,
            """
            from key_rotation where key = $1 and state not in ('done', 'rolled_back') for no key update
            """,
        ].joined(separator: " "))
    private static let insert = Statement(
        "key_rotation_insert",
        """
        insert into key_rotation (id, key, state, version, previous_version, deadline, next_at, attempts,
            error_code, error, resumable, tested_at, test_tag, overlap_until, stuck_told_at, proof,
            updated_at, finished_at, revision, cause, reason, overlap, created_at, created_by)
        values ($1, $2, $3, $4::integer, $5::integer, $6, $7, $8::integer, $9, $10, $11, $12, $13, $14, $15,
            $16, $17, $18, $19, $20, $21, $22, $23, $24)
        """)
    private static let update = Statement(
        "key_rotation_update",
        """
        update key_rotation set state = $3, version = $4::integer, previous_version = $5::integer,
            deadline = $6, next_at = $7, attempts = $8::integer, error_code = $9, error = $10,
            resumable = $11, tested_at = $12, test_tag = $13, overlap_until = $14, stuck_told_at = $15,
            proof = $16, updated_at = $17, finished_at = $18, revision = $19
        where id = $1 and key = $2
        """)
    /// Where keys were revoked there is nothing left to rotate.
    private static let cancel = Statement(
        "key_rotation_cancel",
        """
        update key_rotation set state = 'rolled_back', error_code = 'key_revoked',
            error = 'The key was revoked.', resumable = false, next_at = null, test_tag = null,
            updated_at = $2, finished_at = $2, revision = revision + 1
        where key = any ($1) and state not in ('done', 'rolled_back')
        """)
    private static let due = Statement(
        "key_rotation_due",
        """
        select key, id from key_rotation
        where next_at <= $1
        order by next_at, id limit $2
        """)
    private static let stuck = Statement(
        "key_rotation_stuck",
        """
        select key, id from key_rotation
        where deadline <= $1 and state not in ('done', 'rolled_back')
            and (stuck_told_at is null or stuck_told_at <= $2)
        order by deadline, id limit $3
        """)
    /// Keys whose plan says that it is time, and that nobody rotates.
    private static let planned = Statement(
        "key_rotation_planned",
        """
        select k.id from exchange_key k
        where k.rotation_due_at <= $1 and k.status <> 'revoked' and k.current_version is not null
            and not exists (
                select from key_rotation r where r.key = k.id and r.state not in ('done', 'rolled_back'))
        order by k.rotation_due_at, k.id limit $2
        """)

    nonisolated(nonsending) static func find(
        _ id: RotationID, of key: ExchangeKeyID, in source: any Queryable
    ) async throws -> Rotation? {
        try await source.query(find, .id(key), .id(id)).first.map { try Rotation($0) }
    }

    nonisolated(nonsending) static func lock(
        _ id: RotationID, of key: ExchangeKeyID, in transaction: Transaction
    ) async throws -> Rotation? {
        try await transaction.query(lock, .id(key), .id(id)).first.map { try Rotation($0) }
    }

    /// The one that is under way; at most one is.
    nonisolated(nonsending) static func lockOpen(
        of key: ExchangeKeyID, in transaction: Transaction
    ) async throws -> Rotation? {
        try await transaction.query(lockOpen, .id(key)).first.map { try Rotation($0) }
    }

    nonisolated(nonsending) static func insert(
        _ rotation: Rotation, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            insert,
            parameters: changeable(rotation) + [
                .text(rotation.cause.rawValue), .text(rotation.reason), .text(rotation.overlap.text),
                .timestamp(rotation.createdAt), .text(rotation.createdBy),
            ])
    }

    nonisolated(nonsending) static func update(
        _ rotation: Rotation, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(update, parameters: changeable(rotation))
    }

    nonisolated(nonsending) static func cancel(
        of keys: [ExchangeKeyID], at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(cancel, .idArray(keys), .timestamp(now))
    }

    nonisolated(nonsending) static func due(
        at now: Timestamp, limit: Int, in source: any Queryable
    ) async throws -> [RotationPlace] {
        try await source.query(due, .timestamp(now), .int(limit)).map { ($0.id(0), $0.id(1)) }
    }

    nonisolated(nonsending) static func stuck(
        at now: Timestamp, limit: Int, in source: any Queryable
    ) async throws -> [RotationPlace] {
        try await source.query(
            stuck, .timestamp(now), .timestamp(now - Rotation.stuckToldEvery), .int(limit)
        ).map { ($0.id(0), $0.id(1)) }
    }

    nonisolated(nonsending) static func planned(
        at now: Timestamp, limit: Int, in source: any Queryable
    ) async throws -> [ExchangeKeyID] {
        try await source.query(planned, .timestamp(now), .int(limit)).map { $0.id(0) }
    }

    /// `$1` to `$19`.
    private static func changeable(_ r: Rotation) -> [Parameter] {
        [
            .id(r.id), .id(r.key), .text(r.state.rawValue), .int(r.version), .int(r.previousVersion),
            .timestamp(r.deadline), .timestamp(r.nextAt), .int(r.attempts), .text(r.obstacle?.code),
            .text(r.obstacle?.sentence), .bool(r.obstacle?.isResumable ?? false), .timestamp(r.testedAt),
            .bytes(r.testTag), .timestamp(r.overlapUntil), .timestamp(r.stuckToldAt),
            .json(r.proof?.bytes), .timestamp(r.updatedAt), .timestamp(r.finishedAt), .int64(r.revision),
        ]
    }
}

/// Where a rotation is found.
typealias RotationPlace = (key: ExchangeKeyID, id: RotationID)

extension Rotation {
    /// In the order of `RotationStore.columns`.
    init(_ row: Row) throws {
        guard let state = State(rawValue: row.text(2)), let cause = Cause(rawValue: row.text(3)),
            let overlap = WrittenPeriod(row.text(7))
        else {
            let key: ExchangeKeyID = row.id(1)
            throw Problem(
                .keyTampered, "A rotation's row was changed past this service.",
                members: [("key_id", .string(key.description))])
        }
        let obstacle = row.optionalText(11).map {
            Obstacle(code: $0, sentence: row.optionalText(12) ?? "", isResumable: row.bool(13))
        }
        self.init(
            id: row.id(0), key: row.id(1), state: state, cause: cause, reason: row.optionalText(4),
            version: row.optionalInt64(5).map { Int($0) },
            previousVersion: row.optionalInt64(6).map { Int($0) }, overlap: overlap,
            deadline: row.timestamp(8), nextAt: row.optionalTimestamp(9), attempts: row.int(10),
            obstacle: obstacle, testedAt: row.optionalTimestamp(14), testTag: row.optionalBytes(15),
            overlapUntil: row.optionalTimestamp(16), stuckToldAt: row.optionalTimestamp(17),
            proof: row.isNull(18) ? nil : try JSONValue.parse(row.json(18)), createdAt: row.timestamp(19),
            createdBy: row.text(20), updatedAt: row.timestamp(21),
            finishedAt: row.optionalTimestamp(22), revision: row.int64(23))
    }
}
