import Access
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// How keys come to be deleted at their exchange, and what becomes of it.
extension KeyBook {
    /// Opens the deletion of some versions of a key that is locked; one that is open already stays as it is.
    nonisolated(nonsending) func openDeletion(
        of key: ExchangeKey, versions: [Int], _ change: Change
    ) async throws {
        _ = try await OpenedDeletions.open([key.id], versions: versions, change)
    }

    /// Of every version of revoked keys that the exchange may know: all that have a name there and were not
    /// destroyed, those that wait to be used among them.
    nonisolated(nonsending) func openDeletions(
        of keys: [ExchangeKey], _ change: Change
    ) async throws -> [OpenedDeletions] {
        guard !keys.isEmpty else { return [] }
        return try await OpenedDeletions.open(keys.map(\.id), versions: nil, change)
    }

    /// A version was destroyed: what waited for a proof of it is told to wait in vain.
    nonisolated(nonsending) func abandonDeletion(
        of key: ExchangeKey, version: Int, _ change: Change
    ) async throws {
        guard try await KeyDeletionStore.abandon(key.id, version, in: change.transaction),
            let deletion = try await KeyDeletionStore.find(key.id, version, in: change.transaction)
        else { return }
        change.emit(key.deletionStuck(deletion, at: change.context.now))
    }

    /// Changes a deletion under its key's lock; a proof is an event.
    nonisolated(nonsending) func changeDeletion(
        _ id: ExchangeKeyID, _ version: Int, _ context: Context,
        _ body: (inout KeyDeletion, Change) throws -> Void
    ) async throws -> KeyDeletion {
        try await change(context) { change in
            let key = try await locked(id, change)
            guard var deletion = try await KeyDeletionStore.lock(id, version, in: change.transaction) else {
                throw Problem.notFound("deletion")
            }
            let before = deletion.state
            try body(&deletion, change)
            try await KeyDeletionStore.update(deletion, in: change.transaction)
            if deletion.state == .proven, before != .proven {
                change.audit("keys.deletions.prove", id, detail: deletion.auditDetail)
                change.emit(key.deletedAtExchange(deletion))
            }
            try await follow(deletion, of: key, change)
            return deletion
        }
    }
}

/// Deletions that were opened in one call, counted by exchange and way.
struct OpenedDeletions: Sendable {
    let exchange: ExchangeName
    let way: KeyDeletion.Way
    let keys: Int
    let versions: Int
}

extension OpenedDeletions {
    /// Requests go out as the job comes to them. A person needs time before it is worth to look: keys of one
    /// call are spread over an hour.
    private static let statement = Statement(
        "key_deletions_open",
        """
        with opened as (
            insert into key_deletion (key, version, way, state, created_at, due_at, stuck_at)
            select v.key, v.version, case when k.exchange = any($3) then 'api' else 'person' end, 'due',
                $2::timestamptz,
                case when k.exchange = any($3) then $2::timestamptz
                    when k.exchange = any($4)
                    then $2::timestamptz + interval '1 hour' * (1 + (uuid_hash(v.key) & 1023) / 1024.0) end,
                $2::timestamptz + interval '7 days'
            from unnest($1::uuid[]) as revoked (id) join key_version v on v.key = revoked.id
                join exchange_key k on k.id = v.key
            where v.credential is not null and v.api_key_hint is not null
                and ($5::integer[] is null or v.version = any($5))
            order by v.key, v.version
            on conflict do nothing
            returning key, way)
        select k.exchange, o.way, count(distinct o.key), count(*)
        from opened o join exchange_key k on k.id = o.key group by k.exchange, o.way
        order by k.exchange, o.way
        """)

    fileprivate nonisolated(nonsending) static func open(
        _ keys: [ExchangeKeyID], versions: [Int]?, _ change: Change
    ) async throws -> [OpenedDeletions] {
        let deleting = Exchange.all.filter { $0.offers.contains(.delete) }.map(\.name.rawValue)
        let telling = ExchangeName.allCases.filter(\.tellsOfNoKey).map(\.rawValue)
        let rows = try await change.transaction.query(
            statement, .idArray(keys), .timestamp(change.context.now), .textArray(deleting),
            .textArray(telling), .int32Array(versions?.map { Int32($0) }))
        return rows.compactMap { row in
            guard let exchange = ExchangeName(rawValue: row.text(0)),
                let way = KeyDeletion.Way(rawValue: row.text(1))
            else { return nil }
            return OpenedDeletions(exchange: exchange, way: way, keys: row.int(2), versions: row.int(3))
        }
    }
}

extension KeyDeletion {
    var auditDetail: JSONValue {
        [
            "version": .number(JSONNumber(Int64(version))), "way": .string(way.rawValue),
            "state": .string(state.rawValue), "proof": proofValue,
        ]
    }

    var proofValue: JSONValue { proof.flatMap { try? JSONValue.parse($0) } ?? .null }
}

extension ExchangeKey {
    func deletedAtExchange(_ deletion: KeyDeletion) -> NewEvent {
        let proof = deletion.proofValue
        return event(
            .keyDeletedAtExchange,
            [
                "version": .number(JSONNumber(Int64(deletion.version))),
                "way": .string(deletion.way.rawValue), "http_status": proof["http_status"] ?? .null,
                "code": proof["code"] ?? .null, "probe": proof["probe"] ?? .null,
            ])
    }

    func deletionStuck(_ deletion: KeyDeletion, at now: Timestamp) -> NewEvent {
        let days = (now - deletion.createdAt).microseconds / Period.days(1).microseconds
        return event(
            .keyDeletionStuck,
            [
                "version": .number(JSONNumber(Int64(deletion.version))),
                "way": .string(deletion.way.rawValue), "state": .string(deletion.state.rawValue),
                "days": .number(JSONNumber(days)), "error": deletion.error.map { .string($0) } ?? .null,
                "instructions": .string(deletion.instructions),
            ])
    }
}
