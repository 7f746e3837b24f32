import Access
import Audit
import Crypto
import Identity
import JSON
import Kernel
import Postgres

/// Restores as rows.
enum RestoreStore {
    private static let mark = Statement(
        "restore_mark",
        """
        insert into restore (id, restored_at, backup_at, replayed_until) values ($1, $2, $3, $4)
        """)
    private static let hold = Statement(
        "restore_hold", "update authority set restored_at = $1, epoch = epoch + 1")
    private static let release = Statement(
        "restore_release", "update authority set restored_at = null, epoch = epoch + 1")
    private static let forgetNodes = Statement("restore_forget_nodes", "delete from node")
    private static let insert = Statement(
        "restore_action_insert",
        """
        insert into restore_action (restore, position, at, action, resource, detail, state, note)
        select $1, d.position, d.at, d.action, d.resource, d.detail::jsonb, d.state, d.note
        from unnest($2::integer[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::text[]) as d (position, at, action, resource, detail, state, note)
        """)
    private static let open = Statement(
        "restore_open",
        "select id, restored_at, backup_at, replayed_until from restore where confirmed_at is null")
    private static let lockOpen = Statement(
        "restore_lock_open",
        """
        select id, restored_at, backup_at, replayed_until from restore where confirmed_at is null
        for no key update
        """)
    private static let actions = Statement(
        "restore_actions",
        """
        select position, at, action, resource, detail, state, note from restore_action where restore = $1
        order by position
        """)
    private static let settle = Statement(
        "restore_action_settle",
        """
        update restore_action a set note = d.note,
            state = case when d.note is null then 'done' else 'left' end
        from unnest($2::integer[], $3::text[]) as d (position, note)
        where a.restore = $1 and a.position = d.position
        """)
    /// A backup may be taken while a restore waits: what that one waits for goes on to the next.
    private static let supersede = Statement(
        "restore_supersede",
        """
        update restore set confirmed_at = $1, confirmed_by = 'restore', reason = 'restored once more'
        where confirmed_at is null returning id
        """)
    private static let inherit = Statement(
        "restore_action_inherit",
        "update restore_action set restore = $2 where restore = $1 returning position::bigint")
    private static let confirm = Statement(
        "restore_confirm",
        "update restore set confirmed_at = $2, confirmed_by = $3, reason = $4 where id = $1")
    private static let heads = Statement(
        "restore_lane_heads", "select lane::bigint, sequence, hash from audit_lane order by lane")

    private static let signer = Statement(
        "restore_signer", "select public_key from audit_checkpoint order by number desc limit 1")

    struct Open: Sendable {
        let id: UUID
        let restoredAt: Timestamp
        let backupAt: Timestamp
        let replayedUntil: Timestamp?

        init(_ row: Row) {
            (id, restoredAt) = (row.uuid(0), row.timestamp(1))
            (backupAt, replayedUntil) = (row.timestamp(2), row.optionalTimestamp(3))
        }
    }

    struct StoredAction: Sendable {
        let position: Int
        let at: Timestamp
        let action: String
        let resource: String?
        let detail: JSONValue
        let state: String
        let note: String?
    }

    nonisolated(nonsending) static func heads(
        in source: any Queryable
    ) async throws -> [Int: TrailSince.Head] {
        let rows = try await source.query(heads)
        return Dictionary(
            uniqueKeysWithValues: rows.map { row in
                let head = TrailSince.Head(sequence: row.int64(1), hash: Digest(row.bytes(2)) ?? .zero)
                return (row.int(0), head)
            })
    }

    /// Who signs the trail; nil when the backup is older than its first checkpoint.
    nonisolated(nonsending) static func signer(in source: any Queryable) async throws -> CheckpointPin? {
        try await source.query(signer).first.map { CheckpointPin.publicKey($0.bytes(0)) }
    }

    /// Everything that a restore leaves to be confirmed, in the transaction that ends it.
    nonisolated(nonsending) static func mark(
        _ id: UUID, backupAt: Timestamp, replay: TrailSince?, at now: Timestamp,
        in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(hold, .timestamp(now))
        try await UsedOnce.void(at: now, in: transaction)
        _ = try await transaction.query(forgetNodes)
        let earlier = try await transaction.query(supersede, .timestamp(now)).first?.uuid(0)
        _ = try await transaction.query(
            mark, .uuid(id), .timestamp(now), .timestamp(backupAt), .timestamp(replay?.until))
        let actions = replay?.ordered ?? []
        // People are as the trail left them: whoever was let in again is not shut out.
        let last = Dictionary(
            actions.compactMap { action in action.shutsOut.map { (action.resource, $0) } }
        ) { $1 }
        var notes = actions.map(\.note)
        for (index, action) in actions.enumerated()
        where action.fate == .now && last[action.resource] != false {
            notes[index] = try await RestoreReplay.carryOut(action, at: now, in: transaction)
        }
        let hasOwner = try await OwnerRoster.hasSomebody(in: transaction)
        guard actions.isEmpty || hasOwner else {
            throw Restoring.Failure(
                description: "after what the trail shows no owner is left who could confirm the restore: "
                    + "restore without --replay, and take away by hand what it shows")
        }
        var first = 0
        if let earlier {
            first = try await transaction.query(inherit, .uuid(earlier), .uuid(id)).count
        }
        try await insert(actions, notes, from: first, of: id, in: transaction)
    }

    private nonisolated(nonsending) static func insert(
        _ actions: [RestoreAction], _ notes: [String?], from first: Int, of id: UUID,
        in transaction: Transaction
    ) async throws {
        guard !actions.isEmpty else { return }
        _ = try await transaction.query(
            insert, .uuid(id), .int32Array(actions.indices.map { Int32(first + $0) }),
            .timestampArray(actions.map(\.at)), .textArray(actions.map(\.action)),
            .optionalTextArray(actions.map(\.resource)),
            .textArray(actions.map { String(decoding: $0.detail.bytes, as: UTF8.self) }),
            .textArray(
                zip(actions, notes).map { action, note in
                    if note != nil { return "left" }
                    return action.fate == .now ? "done" : action.fate.rawValue
                }),
            .optionalTextArray(notes))
    }

    /// The one that waits to be confirmed; nil when none does.
    nonisolated(nonsending) static func open(in source: any Queryable) async throws -> Open? {
        try await source.query(open).first.map { Open($0) }
    }

    /// For the one who confirms it: another finds none.
    nonisolated(nonsending) static func lockOpen(in transaction: Transaction) async throws -> Open? {
        try await transaction.query(lockOpen).first.map { Open($0) }
    }

    nonisolated(nonsending) static func actions(
        of id: UUID, in source: any Queryable
    ) async throws -> [StoredAction] {
        try await source.query(actions, .uuid(id)).map { row in
            StoredAction(
                position: row.int(0), at: row.timestamp(1), action: row.text(2),
                resource: row.optionalText(3), detail: try JSONValue.parse(row.json(4)), state: row.text(5),
                note: row.optionalText(6))
        }
    }

    /// - Parameter note: why an action is left to a person; nil when it is done.
    nonisolated(nonsending) static func settle(
        _ actions: [StoredAction], of id: UUID, in transaction: Transaction,
        note: (StoredAction) -> String?
    ) async throws {
        _ = try await transaction.query(
            settle, .uuid(id), .int32Array(actions.map { Int32($0.position) }),
            .optionalTextArray(actions.map(note)))
    }

    nonisolated(nonsending) static func confirm(
        _ id: UUID, by: String, reason: String, at now: Timestamp, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            confirm, .uuid(id), .timestamp(now), .text(by), .text(reason))
        _ = try await transaction.query(release)
    }
}
