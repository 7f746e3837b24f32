import Access
import Events
import JSON
import Kernel
import Postgres

/// A mode for a whole selection, in one transaction.
struct KeySweep {
    /// More keys than any desk has; the rows are locked, judged and written in about a second.
    static let keyLimit = 20_000

    private static let write = Statement(
        "key_sweep",
        """
        update exchange_key set owner = d.owner, status = d.status, own_mode = d.own_mode,
            status_reason = d.status_reason, own_reason = d.own_reason,
            status_changed_at = d.status_changed_at,
            rotation_notice_at = d.rotation_notice_at, expiry_notice_at = d.expiry_notice_at,
            handed_out_until = d.handed_out_until, updated_at = d.updated_at, revision = d.revision,
            mac = d.mac
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
            $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::bigint[],
            $12::bytea[], $13::text[])
            as d (id, status, own_mode, status_reason, own_reason, status_changed_at, rotation_notice_at,
                expiry_notice_at, handed_out_until, updated_at, revision, mac, owner)
        where exchange_key.id = d.id
        """)

    let book: KeyBook
    let change: Change

    /// The keys of a selection, locked and checked. Those that were tampered with are no use to anybody
    /// already, and must not keep the others from being stopped.
    nonisolated(nonsending) func lock(
        _ selector: KeySelector, seeing permission: Permission
    ) async throws -> (sound: [ExchangeKey], tampered: [TamperedKey]) {
        try await lock(selector, change.context.rights.sight(permission))
    }

    private nonisolated(nonsending) func lock(
        _ selector: KeySelector, _ sight: Sight
    ) async throws -> (sound: [ExchangeKey], tampered: [TamperedKey]) {
        let rows = try await change.transaction.query(
            KeySelector.lock, parameters: selector.parameters(limit: Self.keyLimit + 1, sight))
        var sound: [ExchangeKey] = []
        var tampered: [TamperedKey] = []
        for row in rows {
            do {
                sound.append(try book.checked(KeyRow(row)))
            } catch let key as TamperedKey {
                tampered.append(key)
            }
        }
        return (sound, tampered)
    }

    /// The same, whoever may see them.
    nonisolated(nonsending) func lock(
        _ selector: KeySelector
    ) async throws -> (sound: [ExchangeKey], tampered: [TamperedKey]) {
        try await lock(selector, .everything)
    }

    /// The same of keys that are named one by one, whoever may see them; none of them is none.
    nonisolated(nonsending) func lock(
        ids: [ExchangeKeyID]
    ) async throws -> (sound: [ExchangeKey], tampered: [TamperedKey]) {
        if ids.isEmpty { return ([], []) }
        return try await lock(KeySelector(ids: ids), .everything)
    }

    /// Of keys that are locked.
    nonisolated(nonsending) func write(_ keys: [ExchangeKey]) async throws {
        guard !keys.isEmpty else { return }
        _ = try await change.transaction.query(
            Self.write, .idArray(keys.map(\.id)), .textArray(keys.map(\.status.rawValue)),
            .textArray(keys.map(\.ownMode.rawValue)), .optionalTextArray(keys.map(\.statusReason)),
            .optionalTextArray(keys.map(\.ownReason)), .timestampArray(keys.map(\.statusChangedAt)),
            .optionalTimestampArray(keys.map(\.rotationNoticeAt)),
            .optionalTimestampArray(keys.map(\.expiryNoticeAt)),
            .optionalTimestampArray(keys.map(\.handedOutUntil)), .timestampArray(keys.map(\.updatedAt)),
            .int64Array(keys.map(\.revision)), .byteaArray(keys.map { try book.custody.tag(of: $0) }),
            .textArray(keys.map(\.owner.description)))
    }
}
