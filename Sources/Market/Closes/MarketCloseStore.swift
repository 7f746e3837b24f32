import Kernel
import Postgres
import Signals

/// Settled closes as rows.
enum MarketCloseStore {
    /// Of every series only closed candles count: `rewritten` is raised by whatever changes one, unless it is
    /// the newest.
    private static let seen = """
        max(s.last_closed)::text || ' ' || count(*)::text || ' ' || sum(s.rewritten)::text || ' '
            || sum(extract(epoch from s.last_closed))::text
        """
    /// Markets with something to look at.
    static let open = Statement(
        "market_closes_open",
        derived: """
            with market as (
                select s.source, s.interval, \(seen) as seen,
                    bool_or(s.revised_from is not null) as is_revised
                from series s where s.last_closed is not null group by s.source, s.interval
            )
            select m.source, m.interval
            from market m left join market_close c using (source, interval)
            where c.seen is distinct from m.seen or c.began_at is not null or m.is_revised
            order by m.source, m.interval limit $1
            """)
    private static let lock = Statement(
        "market_close_lock",
        """
        select newest, seen, seen_at, began_at, settled, settled_at, turn
        from market_close where source = $1 and interval = $2 for no key update
        """)
    static let sight = Statement(
        "market_close_sight",
        derived: """
            with market as materialized (
                select last_closed, rewritten from series
                where source = $1 and interval = $2 and last_closed is not null
            ), newest as (
                select max(s.last_closed) as time, \(seen) as seen from market s
            )
            select n.time, n.seen, (
                    select count(*)::int4 from market s where s.last_closed < n.time
                        and s.last_closed >= least(n.time - make_interval(secs => $3::float8), $4))
            from newest n where n.time is not null
            """)
    private static let write = Statement(
        "market_close_write",
        """
        insert into market_close (source, interval, newest, seen, seen_at, began_at, settled, settled_at,
            turn)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict on constraint market_close_key do update set newest = excluded.newest,
            seen = excluded.seen, seen_at = excluded.seen_at, began_at = excluded.began_at,
            settled = excluded.settled, settled_at = excluded.settled_at, turn = excluded.turn
        """)

    struct Market {
        let source: String
        let interval: Interval
    }

    nonisolated(nonsending) static func open(
        atMost limit: Int, in source: any Queryable
    ) async throws -> [Market] {
        try await source.query(open, .int(limit)).compactMap { row in
            Interval(rawValue: row.text(1)).map { Market(source: row.text(0), interval: $0) }
        }
    }

    nonisolated(nonsending) static func lock(
        _ market: Market, in transaction: Transaction
    ) async throws -> MarketClose? {
        try await transaction.query(lock, .text(market.source), .text(market.interval.rawValue)).first.map {
            MarketClose(
                interval: market.interval, newest: $0.timestamp(0), seen: $0.text(1),
                seenAt: $0.timestamp(2), beganAt: $0.optionalTimestamp(3), settled: $0.optionalTimestamp(4),
                settledAt: $0.optionalTimestamp(5), turn: $0.int64(6))
        }
    }

    /// Nil without a closed candle.
    /// - Parameter settled: the candle that was settled last.
    nonisolated(nonsending) static func sight(
        of market: Market, since settled: Timestamp?, in transaction: Transaction
    ) async throws -> MarketClose.Sight? {
        try await transaction.query(
            sight, .text(market.source), .text(market.interval.rawValue),
            .double(Double(market.interval.seconds)), .timestamp(settled)
        ).first.map { .init(newest: $0.timestamp(0), seen: $0.text(1), awaited: $0.int(2)) }
    }

    nonisolated(nonsending) static func write(
        _ close: MarketClose, of market: Market, in transaction: Transaction
    ) async throws {
        try await transaction.query(
            write, .text(market.source), .text(market.interval.rawValue), .timestamp(close.newest),
            .text(close.seen), .timestamp(close.seenAt), .timestamp(close.beganAt), .timestamp(close.settled),
            .timestamp(close.settledAt), .int64(close.turn))
    }
}
