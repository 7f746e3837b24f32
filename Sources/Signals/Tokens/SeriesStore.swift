import Access
import Kernel
import Postgres

/// Which series, as its three names.
struct SeriesPlace: Hashable, Sendable {
    var token: TokenID
    var interval: Interval
}

/// What a chunk did to one series.
struct SeriesGrowth: Equatable, Sendable {
    var series: Int
    var added = 0
    var firstOpen: Timestamp?
    var lastOpen: Timestamp?
    var lastClosed: Timestamp?
    /// Candles that have a second revision now.
    var revised = 0
    /// The earliest candle that is other than before, and the latest.
    var dirtyFrom: Timestamp?
    var dirtyTo: Timestamp?
}

/// A series as the writer of candles finds it.
struct LockedSeries: Sendable {
    var id: Int
    var lastOpen: Timestamp?
    var lastClosed: Timestamp?
    var updatedAt: Timestamp
}

/// Series as rows, as far as writing candles needs them.
enum SeriesStore {
    /// Series of all tokens, sources and intervals: two of each of 10,000 tokens.
    static let mostSeries = 20_000

    private static let count = Statement("series_count", "select count(*) from series")

    private static let create = Statement(
        "series_create",
        """
        insert into series (token_id, source, interval, created_at, updated_at)
        select n.token_id, $2, n.interval, $4, $4
        from unnest($1::uuid[], $3::text[]) as n (token_id, interval)
        order by n.token_id, n.interval
        on conflict on constraint series_name do nothing
        """)

    /// Of many series, and of one that need not be planned each time: see `TickerStore.periods`.
    static let lock = (
        many: Statement(
            "series_lock",
            """
            select s.id, s.last_open, s.token_id, s.interval, s.updated_at, s.last_closed from series s
            join unnest($1::uuid[], $3::text[]) as n (token_id, interval)
                on s.token_id = n.token_id and s.interval = n.interval
            where s.source = $2
            order by s.id
            for no key update of s
            """),
        // By the token's few series: the index of source and interval has all series of a source.
        one: Statement(
            "series_lock_place",
            """
            select s.id, s.last_open, s.token_id, s.interval, s.updated_at, s.last_closed from series s
            where s.token_id = ($1::uuid[])[1] and (s.source || '', s.interval || '') = ($2, ($3::text[])[1])
            for no key update
            """)
    )

    static let grow = (
        many: Statement(
            "series_grow",
            derived: grow(
                """
                unnest($1::int4[], $2::int8[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
                    $6::int8[], $7::timestamptz[], $9::timestamptz[])
                """)),
        one: Statement(
            "series_grow_one",
            derived: grow(
                """
                (select ($1::int4[])[1], ($2::int8[])[1], ($3::timestamptz[])[1], ($4::timestamptz[])[1],
                    ($5::timestamptz[])[1], ($6::int8[])[1], ($7::timestamptz[])[1], ($9::timestamptz[])[1])
                """))
    )

    private static func grow(_ growths: String) -> String {
        """
        update series s set
            candles = s.candles + g.added,
            first_open = least(s.first_open, g.first_open),
            last_open = greatest(s.last_open, g.last_open),
            last_closed = greatest(s.last_closed, g.last_closed),
            revised = s.revised + g.revised,
            version = s.version + 1,
            rewritten = case when g.dirty_from <= s.last_closed then s.version + 1 else s.rewritten end,
            dirty_from = least(s.dirty_from, g.dirty_from),
            dirty_to = greatest(s.dirty_to, g.dirty_to),
            revised_from = case when exists (
                    select from market_close c
                    where c.source = s.source and c.interval = s.interval and c.settled >= g.dirty_from)
                then least(s.revised_from, g.dirty_from) else s.revised_from end,
            updated_at = $8
        from \(growths) as g (id, added, first_open, last_open, last_closed, revised, dirty_from, dirty_to)
        where s.id = g.id
        """
    }

    /// Locks the series, in the order of their ids, and makes those that are not there, while there is room.
    nonisolated(nonsending) static func lock(
        _ places: [SeriesPlace], source: String, now: Timestamp, most: Int, in transaction: Transaction
    ) async throws -> [SeriesPlace: LockedSeries] {
        let found = try await read(places, source, in: transaction)
        if found.count == places.count { return found }
        try await transaction.query(TickerStore.roomLock)
        let room = most - (try await transaction.query(count).first?.int(0) ?? 0)
        let missing = places.filter { found[$0] == nil }.prefix(max(room, 0))
        if missing.isEmpty { return found }
        try await transaction.query(
            create, .idArray(missing.map(\.token)), .text(source),
            .textArray(missing.map(\.interval.rawValue)), .timestamp(now))
        return try await read(places, source, in: transaction)
    }

    private nonisolated(nonsending) static func read(
        _ places: [SeriesPlace], _ source: String, in transaction: Transaction
    ) async throws -> [SeriesPlace: LockedSeries] {
        let rows = try await transaction.query(
            places.count == 1 ? lock.one : lock.many, .idArray(places.map(\.token)), .text(source),
            .textArray(places.map(\.interval.rawValue)))
        var found: [SeriesPlace: LockedSeries] = [:]
        for row in rows {
            guard let interval = Interval(rawValue: row.text(3)) else { continue }
            found[SeriesPlace(token: row.id(2), interval: interval)] = LockedSeries(
                id: row.int(0), lastOpen: row.optionalTimestamp(1), lastClosed: row.optionalTimestamp(5),
                updatedAt: row.timestamp(4))
        }
        return found
    }

    static func grow(_ growths: [SeriesGrowth], now: Timestamp, in transaction: Transaction) -> Query {
        transaction.send(
            growths.count == 1 ? grow.one : grow.many,
            .int32Array(growths.map { Int32($0.series) }), .int64Array(growths.map { Int64($0.added) }),
            .optionalTimestampArray(growths.map(\.firstOpen)),
            .optionalTimestampArray(growths.map(\.lastOpen)),
            .optionalTimestampArray(growths.map(\.lastClosed)),
            .int64Array(growths.map { Int64($0.revised) }),
            .optionalTimestampArray(growths.map(\.dirtyFrom)), .timestamp(now),
            .optionalTimestampArray(growths.map(\.dirtyTo)))
    }
}
