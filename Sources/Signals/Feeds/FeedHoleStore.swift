import Access
import Kernel
import Postgres

/// What feeds have passed without a candle, as rows.
enum FeedHoleStore {
    private static let due = Statement(
        "candle_feed_hole_due",
        """
        select first, ends, missing, tries, due_at from candle_feed_hole
        where feed = $1 and due_at <= $2 order by due_at, first limit 1
        """)
    /// Goes on with one that ends where it begins, as before a listing, so that they are one question.
    private static let extend = Statement(
        "candle_feed_hole_extend",
        """
        update candle_feed_hole set ends = $3, missing = missing + $4, tries = 0, due_at = $5
        where feed = $1 and ends = $2
        """)
    private static let insert = Statement(
        "candle_feed_hole_insert",
        """
        insert into candle_feed_hole (feed, first, ends, missing, tries, due_at)
        select $1, $2, $3, $4, $5, $6
        where (select count(*) from candle_feed_hole where feed = $1) < $7
        on conflict (feed, first) do update
            set ends = excluded.ends, missing = excluded.missing, tries = excluded.tries,
                due_at = excluded.due_at
        """)
    private static let delete = Statement(
        "candle_feed_hole_delete", "delete from candle_feed_hole where feed = $1 and first = $2")
    private static let forget = Statement(
        "candle_feed_hole_forget", "delete from candle_feed_hole where feed = $1 and ends > $2")

    nonisolated(nonsending) static func due(
        of feed: CandleFeedID, at now: Timestamp, in source: any Queryable
    ) async throws -> FeedHole? {
        try await source.query(due, .id(feed), .timestamp(now)).first.map {
            FeedHole(
                first: $0.timestamp(0), ends: $0.timestamp(1), missing: $0.int(2), tries: $0.int(3),
                dueAt: $0.optionalTimestamp(4))
        }
    }

    /// Those of an answer.
    nonisolated(nonsending) static func note(
        _ holes: [FeedHole], of feed: CandleFeedID, in transaction: Transaction
    ) async throws {
        for hole in holes {
            let extended = try await transaction.query(
                extend, .id(feed), .timestamp(hole.first), .timestamp(hole.ends), .int(hole.missing),
                .timestamp(hole.dueAt))
            if extended.affected == 0 { try await insert(hole, of: feed, in: transaction) }
        }
    }

    /// One that was asked for again becomes what is left of it.
    nonisolated(nonsending) static func replace(
        _ hole: FeedHole, with left: [FeedHole], of feed: CandleFeedID, in transaction: Transaction
    ) async throws {
        try await transaction.query(delete, .id(feed), .timestamp(hole.first))
        for one in left { try await insert(one, of: feed, in: transaction) }
    }

    /// What will be pulled again anyway.
    nonisolated(nonsending) static func forget(
        from time: Timestamp, of feed: CandleFeedID, in transaction: Transaction
    ) async throws {
        try await transaction.query(forget, .id(feed), .timestamp(time))
    }

    private nonisolated(nonsending) static func insert(
        _ hole: FeedHole, of feed: CandleFeedID, in transaction: Transaction
    ) async throws {
        try await transaction.query(
            insert, .id(feed), .timestamp(hole.first), .timestamp(hole.ends), .int(hole.missing),
            .int(hole.tries), .timestamp(hole.dueAt), .int(FeedHole.mostOfFeed))
    }
}
