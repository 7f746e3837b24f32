package import Access
package import Events
import HTTPServer
import JSON
import Jobs
package import Kernel
package import Postgres

/// On whose account keys are put up for rotation.
package struct KeyExposure: Sendable {
    package let source: UUID
    let cause: Rotation.Cause
    let reason: String
    let at: Timestamp

    package static func leaver(_ source: UUID, reason: String, at now: Timestamp) -> KeyExposure {
        KeyExposure(source: source, cause: .leaver, reason: reason, at: now)
    }

    package static func breakGlass(_ source: UUID, reason: String, at now: Timestamp) -> KeyExposure {
        KeyExposure(source: source, cause: .breakGlass, reason: reason, at: now)
    }
}

/// Keys whose secret somebody knew: each is rotated once, as soon as nothing else rotates it, unless another
/// secret is used since.
package struct RotationWishes {
    /// Keys of one transaction.
    static let stepRows = 200

    let book: KeyBook

    private static let insert = Statement(
        "rotation_wish_insert",
        """
        insert into rotation_wish (source, key, cause, reason, version, made_at)
        select $1, k.id, $3, $4, k.current_version, $5 from exchange_key k where k.id = any ($2)
        on conflict do nothing
        """)
    private static let pending = Statement(
        "rotation_wishes_of",
        """
        select key, cause, reason, version from rotation_wish
        where source = $1 and key = any ($2) and done_at is null order by key for no key update
        """)
    private static let settle = Statement(
        "rotation_wish_settle",
        "update rotation_wish set done_at = $3, rotation = $4, note = $5 where source = $1 and key = $2")
    private static let note = Statement(
        "rotation_wish_note", "update rotation_wish set note = $3 where source = $1 and key = $2")
    /// Those whose turn it is: what is under way is waited for.
    private static let open = Statement(
        "rotation_wishes_open",
        """
        select w.source, w.key from rotation_wish w
        where w.done_at is null and not exists (
            select from key_rotation r where r.key = w.key and r.state not in ('done', 'rolled_back'))
        order by w.made_at, w.source, w.key limit $1
        """)

    package nonisolated(nonsending) static func insert(
        _ keys: [ExchangeKeyID], _ exposure: KeyExposure, in transaction: Transaction
    ) async throws {
        guard !keys.isEmpty else { return }
        _ = try await transaction.query(
            insert, .uuid(exposure.source), .idArray(keys), .text(exposure.cause.rawValue),
            .text(exposure.reason), .timestamp(exposure.at))
    }

    /// Opens what can be opened, of keys that are locked.
    nonisolated(nonsending) func open(
        _ keys: [ExchangeKey], of source: UUID, _ change: Change
    ) async throws {
        let byID = Dictionary(uniqueKeysWithValues: keys.map { ($0.id, $0) })
        let rows = try await change.transaction.query(
            Self.pending, .uuid(source), .idArray(keys.map(\.id)))
        for row in rows {
            guard let key = byID[row.id(0)], let cause = Rotation.Cause(rawValue: row.text(1)) else {
                continue
            }
            try await open(key, source, cause, row.text(2), knew: row.optionalInt(3), change)
        }
    }

    private nonisolated(nonsending) func open(
        _ key: ExchangeKey, _ source: UUID, _ cause: Rotation.Cause, _ reason: String, knew version: Int?,
        _ change: Change
    ) async throws {
        guard key.currentVersion != nil, key.currentVersion == version else {
            return try await done(source, key.id, nil, "Another secret is used since.", change)
        }
        if let obstacle = try await obstacle(to: key.id, change) {
            _ = try await change.transaction.query(Self.note, .uuid(source), .id(key.id), .text(obstacle))
            return
        }
        let rotation = try await book.openRotation(of: key, .usual(reason), cause, change)
        try await done(source, key.id, rotation.id, nil, change)
    }

    /// What has to end first.
    private nonisolated(nonsending) func obstacle(
        to key: ExchangeKeyID, _ change: Change
    ) async throws -> String? {
        if let underWay = try await RotationStore.lockOpen(of: key, in: change.transaction) {
            return "It waits for the rotation \(underWay.id), which is under way."
        }
        let versions = try await KeyVersionStore.all(of: key, in: change.transaction)
        // A rotation would take it on, and nobody knows who knows it.
        guard let pending = versions.first(where: { $0.state == .pending }) else { return nil }
        return "Version \(pending.number) waits to be used: activate it, or destroy it."
    }

    private nonisolated(nonsending) func done(
        _ source: UUID, _ key: ExchangeKeyID, _ rotation: RotationID?, _ note: String?, _ change: Change
    ) async throws {
        _ = try await change.transaction.query(
            Self.settle, .uuid(source), .id(key), .timestamp(change.context.now), .id(rotation), .text(note))
    }
}

// MARK: The job

extension RotationWishes {
    /// What was too much for one transaction, and what waited for another rotation.
    nonisolated(nonsending) func carryOut(_ run: JobRun) async throws -> JSONObject {
        var opened: Int64 = 0
        let wishes = try await book.ledger.database.query(Self.open, .int(Self.stepRows)).map {
            (source: $0.uuid(0), key: $0.id(1, as: ExchangeKeyKind.self))
        }
        for wish in wishes where !run.isOver {
            do {
                try await book.change(run.context) { change in
                    try await open(wish.key, of: wish.source, change)
                }
                opened += 1
            } catch is Problem {
                // A key that was tampered with was told of; the others go on.
                continue
            }
        }
        var result = JSONObject()
        _ = result.append("looked_at", .number(JSONNumber(opened)))
        return result
    }

    private nonisolated(nonsending) func open(
        _ id: ExchangeKeyID, of source: UUID, _ change: Change
    ) async throws {
        let key = try await book.locked(id, change)
        guard key.ownMode != .revoked else {
            return try await done(source, id, nil, "The key was revoked.", change)
        }
        try await open([key], of: source, change)
    }

    /// Puts keys up for rotation, and opens the first of them at once.
    package nonisolated(nonsending) static func rotate(
        _ keys: [ExchangeKeyID], _ exposure: KeyExposure, in book: KeyBook, _ change: Change
    ) async throws {
        try await insert(keys, exposure, in: change.transaction)
        let first = keys.sorted().prefix(stepRows)
        let (sound, _) = try await KeySweep(book: book, change: change).lock(ids: Array(first))
        try await RotationWishes(book: book).open(sound, of: exposure.source, change)
    }
}
