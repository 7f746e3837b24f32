import Access
import JSON
import Kernel
import Postgres

/// Alerts on their way into batches: rows of their own until a batch takes them, in one transaction, so that
/// each is in exactly one, and a batch never changes once it has its `webhook-id`.
enum BatchQueue {
    struct Item {
        let id: MessageID
        let webhook: WebhookID
        let alert: AlertID
        let event: EventID?
        let permissions: [Permission]
        let thing: String?
        /// The message as it would have come alone, without a sequence.
        let body: [UInt8]
    }

    private static let insert = Statement(
        "delivery_batch_insert",
        """
        insert into delivery_batch_item (id, webhook, alert, permissions, thing, body, created_at, event)
        select i.id, i.webhook, i.alert, string_to_array(i.permissions, ' '), i.thing, i.body, $7, i.event
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bytea[], $8::uuid[])
            as i (id, webhook, alert, permissions, thing, body, event)
        """)
    private static let take = Statement(
        "delivery_batch_take",
        """
        delete from delivery_batch_item where id in (
            select id from delivery_batch_item where webhook = $1 order by id limit $2
            for update skip locked)
        returning id, alert, permissions, thing, body, event
        """)
    private static let waiting = Statement(
        "delivery_batch_waiting", "select distinct webhook from delivery_batch_item")

    /// Nobody waits for it: it leaves with what comes next.
    static func send(_ items: [Item], at now: Timestamp, in transaction: Transaction) {
        if items.isEmpty { return }
        _ = transaction.send(
            insert, .idArray(items.map(\.id)), .idArray(items.map(\.webhook)), .idArray(items.map(\.alert)),
            .textArray(items.map { $0.permissions.map(\.rawValue).joined(separator: " ") }),
            .optionalTextArray(items.map(\.thing)), .byteaArray(items.map(\.body)), .timestamp(now),
            .optionalUUIDArray(items.map { $0.event?.uuid }))
    }

    /// The oldest, in the order in which they were made. Nobody else gets them.
    nonisolated(nonsending) static func take(
        most: Int, of webhook: WebhookID, in transaction: Transaction
    ) async throws -> [Item] {
        let rows = try await transaction.query(take, .id(webhook), .int(most))
        let items = rows.map { row in
            Item(
                id: row.id(0), webhook: webhook, alert: row.id(1), event: row.optionalID(5),
                permissions: row.textArray(2).compactMap { Permission(rawValue: $0) },
                thing: row.optionalText(3), body: row.bytes(4))
        }
        return items.sorted { $0.id < $1.id }
    }

    nonisolated(nonsending) static func waiting(in database: Database) async throws -> [WebhookID] {
        try await database.query(waiting).map { $0.id(0) }
    }
}

/// Which alerts go together. Pure.
enum Batches {
    static let alertsAtMost = 100
    static let type = "alert.batch"

    struct Batch {
        let items: [BatchQueue.Item]
        let body: MessageBody
        /// All that its reader needs.
        let permissions: [Permission]
        let thing: String?
    }

    /// - Parameter isGeneral: whether the owner has these permissions in general; what they have them on some
    ///   things only for is batched by thing, so that each batch can be judged when it goes.
    static func of(
        _ items: [BatchQueue.Item], at now: Timestamp, isGeneral: ([Permission]) -> Bool
    ) -> [Batch] {
        var groups: [(thing: String?, items: [BatchQueue.Item])] = []
        var places: [String?: Int] = [:]
        for item in items {
            let thing = isGeneral(item.permissions) ? nil : item.thing
            if let place = places[thing] {
                groups[place].items.append(item)
            } else {
                places[thing] = groups.count
                groups.append((thing, [item]))
            }
        }
        return groups.flatMap { group in parts(group.items).map { batch($0, group.thing, at: now) } }
    }

    /// As many as fit.
    private static func parts(_ items: [BatchQueue.Item]) -> [ArraySlice<BatchQueue.Item>] {
        var parts: [ArraySlice<BatchQueue.Item>] = []
        var (start, bytes) = (0, 0)
        for (index, item) in items.enumerated() {
            let isFull = index - start == alertsAtMost || bytes + item.body.count > MessageBody.batchBytes
            if isFull, index > start {
                parts.append(items[start..<index])
                (start, bytes) = (index, 0)
            }
            bytes += item.body.count + 1
        }
        if start < items.count { parts.append(items[start...]) }
        return parts
    }

    private static func batch(
        _ items: ArraySlice<BatchQueue.Item>, _ thing: String?, at now: Timestamp
    ) -> Batch {
        var permissions: [Permission] = []
        for permission in items.lazy.flatMap(\.permissions) where !permissions.contains(permission) {
            permissions.append(permission)
        }
        return Batch(
            items: Array(items), body: MessageBody(batch: items.map(\.body), type: type, at: now),
            permissions: permissions, thing: thing)
    }
}
