import Access
import Kernel
import Postgres

/// Ids that clients gave their own events: each is claimed in the transaction that stores the event, so that
/// of two that push the same at one moment the second waits, and finds it.
enum OwnEventIDs {
    private static let claim = Statement(
        "own_event_id_claim",
        """
        insert into own_event_id (principal, id, digest, created_at)
        select $1, i.id, i.digest, $4 from unnest($2::text[], $3::bytea[]) as i (id, digest) order by i.id
        on conflict do nothing returning id
        """)
    private static let find = Statement(
        "own_event_id_find",
        "select id, digest, event from own_event_id where principal = $1 and id = any ($2::text[])")
    private static let name = Statement(
        "own_event_id_name",
        """
        update own_event_id o set event = i.event from unnest($2::text[], $3::uuid[]) as i (id, event)
        where o.principal = $1 and o.id = i.id
        """)

    struct Earlier {
        let digest: [UInt8]
        let event: EventID
    }

    /// Claims those that are free and answers what stands under the others.
    /// - Parameter ids: each once.
    nonisolated(nonsending) static func claim(
        _ ids: [String: [UInt8]], of principal: PrincipalID, at now: Timestamp, in transaction: Transaction
    ) async throws -> [String: Earlier] {
        if ids.isEmpty { return [:] }
        let sorted = ids.sorted { $0.key < $1.key }
        let rows = try await transaction.query(
            claim, .uuid(principal.uuid), .textArray(sorted.map(\.key)), .byteaArray(sorted.map(\.value)),
            .timestamp(now))
        let free = Set(rows.map { $0.text(0) })
        let taken = sorted.map(\.key).filter { !free.contains($0) }
        if taken.isEmpty { return [:] }
        let found = try await transaction.query(find, .uuid(principal.uuid), .textArray(taken))
        return found.reduce(into: [:]) { earlier, row in
            earlier[row.text(0)] = Earlier(digest: row.bytes(1), event: row.id(2))
        }
    }

    /// Nobody waits for it: it leaves with what comes next.
    static func name(
        _ events: [(id: String, event: EventID)], of principal: PrincipalID, in transaction: Transaction
    ) {
        if events.isEmpty { return }
        _ = transaction.send(
            name, .uuid(principal.uuid), .textArray(events.map(\.id)), .idArray(events.map(\.event)))
    }
}
