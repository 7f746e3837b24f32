import Access
package import Kernel
package import Postgres
package import JSON

/// Appends to the trail, inside the transaction whose doing it records.
package enum AuditTrail {
    /// Chains side by side, so that transactions seldom wait for each other; rows of audit_lane.
    package static let lanes = 64
    /// The service writes its bodies itself; a batch may hold many items.
    package static let bodyLimits = JSONLimits(textBytes: 1 << 26, members: 1_000_000)

    /// The arrays stand in selects of their own, where the planner does not look at them: it would plan anew
    /// for each of other lengths.
    private static let append = Statement(
        "audit_append",
        """
        with entry as (select * from audit_append($1, $2))
        insert into audit_item (lane, sequence, item, at, actor, action, resource, outcome)
        select entry.entry_lane, entry.entry_sequence, items.item - 1, $1, items.actor, items.action,
            items.resource,
            items.outcome
        from entry, unnest((select $3::text[]), (select $4::text[]), (select $5::text[]),
            (select $6::text[])) with ordinality
            as items (actor, action, resource, outcome, item)
        """)

    /// One entry of the chain for all of `items`, over the exact bytes that are stored.
    package nonisolated(nonsending) static func append(
        _ items: [AuditItem], at now: Timestamp, in transaction: Transaction
    ) async throws {
        try await send(items, at: now, in: transaction)?.rows()
    }

    /// The same for whoever commits in the same write.
    package static func send(_ items: [AuditItem], at now: Timestamp, in transaction: Transaction) -> Query? {
        if items.isEmpty { return nil }
        return transaction.send(
            append,
            [
                .timestamp(now), .bytes(body(of: items, at: now)),
                .optionalTextArray(items.map { $0.actor.principal?.description }),
                .textArray(items.map(\.action)), .optionalTextArray(items.map(\.resource)),
                .textArray(items.map(\.outcome.rawValue)),
            ])
    }

    /// The stored bytes: `{"at": …, "items": […]}`.
    package static func body(of items: [some JSONWritable], at now: Timestamp) -> [UInt8] {
        var w = JSONWriter(capacity: 512 * items.count)
        w.object { w in
            w.field("at", now.description)
            w.array("items", items) { w, item in item.write(to: &w) }
        }
        return w.bytes
    }
}
