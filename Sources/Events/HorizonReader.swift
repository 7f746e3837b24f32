package import Access
import Kernel
package import Postgres

/// Reads events in the order (era, xid, id), up to the horizon: transactions below the snapshot's xmin are
/// all decided, so nothing can appear behind a reader. Sequences and clocks commit out of order and would
/// skip.
package struct HorizonReader {
    package struct Page: Sendable {
        package let events: [FeedEvent]
        /// Where to go on. At the end of what is decided, that end.
        package let next: EventPosition
        /// Whether there may be more at once.
        package let isFull: Bool
        /// `authority.epoch` of the same snapshot: who sees what may have changed when it moved.
        package let epoch: Int64
        /// What the events are about, for a filter to which it matters.
        package var targets: Targets = [:]
    }

    /// One row always comes, with the edge; without events the rest of it is null.
    private static let read = Statement(
        "event_read",
        """
        select edge.era, edge.xmin::text, edge.epoch, e.era, e.xid::text, e.id, e.at, e.type, e.subject,
            e.actor, e.access_token, e.address, e.data
        from (select installation.era, pg_snapshot_xmin(pg_current_snapshot()) as xmin, authority.epoch
            from installation, authority) as edge
        left join lateral (
            select feed_event.* from feed_event, lateral (
                select case when told.type like 'approval.%'
                        then coalesce(told.data ->> 'key_id', told.data ->> 'account_id')
                    else told.data ->> 'subject' end
                from (select case when type like 'alert.%' then data -> 'event' ->> 'type' else type end,
                    case when type like 'alert.%' then data -> 'event'
                        when type like 'approval.%' then data
                        else jsonb_build_object('subject', subject) end) as told (type, data)
                ) as about (thing)
            where (era, xid, id) > ($1, $2::xid8, $3) and (era, xid) < (edge.era, edge.xmin)
                and ($5::text[] is null or type = any ($5) or type like any ($6::text[]))
                and ($7::text is null or subject = $7)
                and ($8::text[] is null or about.thing = any ($8)
                    or ($9 or type = any ($10::text[])) and coalesce(about.thing !~ '^(key|acc)_', true))
                and (type <> all ($10) or subject = $11::text or data ->> 'principal_id' = $11)
            order by era, xid, id limit $4
        ) as e on true
        order by e.era, e.xid, e.id
        """)

    private static let edge = Statement(
        "event_edge",
        """
        select installation.era, pg_snapshot_xmin(pg_current_snapshot())::text, authority.epoch
        from installation, authority
        """)

    private let database: Database
    private let things: TargetSource

    package init(_ database: Database, things: TargetSource = .none) {
        (self.database, self.things) = (database, things)
    }

    /// The next events behind `position`, at most `limit`. A filter still has to look at them.
    package nonisolated(nonsending) func read(
        after position: EventPosition, limit: Int, _ filter: EventFilter? = nil
    ) async throws(PostgresError) -> Page {
        let targets = try await filter?.sight.targets(things, in: database)
        return try await page(
            after: position, limit: limit, Self.narrowing(filter, to: targets), targets ?? [:])
    }

    private nonisolated(nonsending) func page(
        after position: EventPosition, limit: Int, _ narrowing: [Parameter], _ targets: Targets
    ) async throws(PostgresError) -> Page {
        let place: [Parameter] = [
            .int32(position.era), .text(String(position.transaction)), .id(position.id), .int(limit),
        ]
        let rows = try await database.query(Self.read, parameters: place + narrowing)
        guard let first = rows.first else { throw .unavailable }
        let edge = EventPosition.end(
            era: Int32(first.int(0)), horizon: UInt64(first.text(1)) ?? 0)
        let isFull = rows.count >= limit && !first.isNull(5)
        let next = isFull ? FeedEvent.position(rows[rows.count - 1], from: 3) : max(edge, position)
        return Page(
            events: rows.compactMap { $0.isNull(5) ? nil : FeedEvent($0, from: 3) }, next: next,
            isFull: isFull,
            epoch: first.int64(2), targets: targets)
    }

    /// Of some types only, whoever may see them.
    /// - Parameter ownPrefixes: of own types, as `like` takes them.
    package nonisolated(nonsending) func read(
        after position: EventPosition, limit: Int, types: [String], ownPrefixes: [String]
    ) async throws(PostgresError) -> Page {
        let nothing: [Parameter] = [.text(nil), .textArray(nil), .bool(true), .textArray([]), .text(nil)]
        return try await page(
            after: position, limit: limit, [.textArray(types), .textArray(ownPrefixes)] + nothing, [:])
    }

    private static func narrowing(_ filter: EventFilter?, to targets: Targets?) -> [Parameter] {
        let sight = filter?.sight
        let own = sight.map { sight in EventType.all.filter(sight.seesOnlyOwn) } ?? []
        return [
            .textArray(filter?.types), .textArray(filter?.ownPrefixes ?? []), .text(filter?.subject),
            .textArray(targets.map { Array($0.keys) }), .bool(sight?.seesGeneral ?? true),
            .textArray(own.map(\.name)), .text(sight?.readerText),
        ]
    }

    private static let ahead = Statement(
        "event_ahead",
        """
        select $1 > era or $1 = era and $2::xid8 >= pg_snapshot_xmax(pg_current_snapshot()) from installation
        """)

    /// Whether there is no such place yet: nothing that happened has it, and so nobody was given it.
    package nonisolated(nonsending) func isAhead(_ position: EventPosition) async throws(PostgresError)
        -> Bool
    {
        let rows = try await database.query(
            Self.ahead, .int32(position.era), .text(String(position.transaction)))
        return rows.first?.bool(0) ?? false
    }

    /// The present end of what is decided.
    package nonisolated(nonsending) func end() async throws(PostgresError) -> Page {
        let rows = try await database.query(Self.edge)
        guard let row = rows.first else { throw .unavailable }
        let end = EventPosition.end(era: Int32(row.int(0)), horizon: UInt64(row.text(1)) ?? 0)
        return Page(events: [], next: end, isFull: false, epoch: row.int64(2))
    }
}
