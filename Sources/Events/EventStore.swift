import Access
package import Postgres
import JSON
import Kernel

/// Events as rows.
package enum EventStore {
    /// The arrays stand in selects of their own, where the planner does not look at them: it would plan anew
    /// for each call.
    private static let insert = Statement(
        "event_insert",
        """
        insert into event (era, id, at, type, subject, actor, access_token, address, data)
        select installation.era, e.id, e.at, e.type, e.subject, e.actor, e.access_token, e.address, e.data
        from installation, unnest((select $1::uuid[]), (select $2::timestamptz[]), (select $3::text[]),
            (select $4::text[]), (select $5::text[]), (select $6::text[]), (select $7::text[]),
            (select $8::jsonb[])) as e (id, at, type, subject, actor, access_token, address, data)
        """)

    private static let find = Statement(
        "event_find",
        """
        select era, xid::text, id, at, type, subject, actor, access_token, address, data from event
        where id = $1
        """)

    /// As the feed tells it.
    nonisolated(nonsending) static func find(
        _ id: EventID, in source: any Queryable
    ) async throws -> FeedEvent? {
        try await source.query(find, .id(id)).first.flatMap { FeedEvent($0, from: 0) }
    }

    package nonisolated(nonsending) static func insert(_ events: [Event], in transaction: Transaction)
        async throws
    {
        try await send(events, in: transaction).rows()
    }

    /// The same for whoever sends more in this turn and awaits that.
    @discardableResult
    package static func send(_ events: [Event], in transaction: Transaction) -> Postgres.Query {
        transaction.send(
            insert, .idArray(events.map(\.id)), .timestampArray(events.map(\.at)),
            .textArray(events.map(\.type.name)), .optionalTextArray(events.map(\.subject)),
            .optionalTextArray(events.map { $0.actor.principal?.description }),
            .optionalTextArray(events.map { $0.actor.accessToken?.description }),
            .optionalTextArray(events.map { $0.actor.address?.description }),
            .jsonArray(events.map { JSONValue.object($0.data).bytes }))
    }
}
