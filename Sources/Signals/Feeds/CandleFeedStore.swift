import Access
import Exchanges
import Kernel
import Postgres

/// Feeds of candles as rows.
enum CandleFeedStore {
    private static let columns = """
        f.id, f.token_id, t.symbol, f.source, f.interval, f.exchange, f.environment, f.market, f.instrument,
        f.begins_at, f.next_open, f.enabled, f.due_at, f.candles, f.refused, f.pulled_at, f.failures,
        f.failing_since, f.error, f.told, f.revision, f.created_at, f.created_by, f.updated_at,
        t.valid_to, f.shut_out_until,
        (select sum(h.missing) from candle_feed_hole h where h.feed = f.id)::bigint,
        (select min(h.first) from candle_feed_hole h where h.feed = f.id),
        (select min(h.due_at) from candle_feed_hole h where h.feed = f.id)
        """
    private static let from = "from candle_feed f join ticker t on t.token_id = f.token_id"
    /// None of an exchange that has shut us out.
    private static let open = """
        not exists (
            select from candle_feed s
            where s.exchange = f.exchange and s.environment = f.environment and s.shut_out_until > $1
        )
        """

    static let find = Statement("candle_feed_find", derived: "select \(columns) \(from) where f.id = $1")
    static let lock = Statement(
        "candle_feed_lock",
        derived: "select \(columns) \(from) where f.id = $1 for no key update of f")
    static let list = Statement(
        "candle_feed_list",
        derived: """
            select \(columns) \(from)
            where ($1::uuid is null or f.id > $1) and ($2::uuid is null or f.token_id = $2)
            order by f.id limit $3
            """)
    static let due = Statement(
        "candle_feed_due",
        derived: """
            select \(columns) \(from)
            where f.enabled and f.due_at <= $1 and (t.valid_to is null or f.next_open < t.valid_to)
                and \(open)
            order by f.due_at, f.id limit $2
            """)
    /// With a hole that is due.
    static let holed = Statement(
        "candle_feed_holed",
        derived: """
            select \(columns) \(from)
            join candle_feed_hole d on d.feed = f.id and d.due_at <= $1
            where f.enabled and f.failing_since is null and \(open)
            order by d.due_at, d.feed, d.first limit 1
            """)
    /// Those that are held up by an exchange until then, and the one that was told so.
    static let heldUp = Statement(
        "candle_feed_held_up",
        derived: """
            select \(columns) \(from)
            where f.exchange = $1 and f.environment = $2 and f.enabled and (f.due_at < $3 or f.id = $4)
            order by f.id for no key update of f
            """)
    /// Whose token's ticker is over, which nobody was told yet.
    static let over = Statement(
        "candle_feed_over",
        derived: """
            select \(columns) \(from)
            where f.enabled and not f.told and f.next_open >= t.valid_to
            order by f.id limit $1 for no key update of f
            """)
    private static let insert = Statement(
        "candle_feed_insert",
        """
        insert into candle_feed (id, token_id, source, interval, exchange, environment, market, instrument,
            begins_at, next_open, due_at, created_at, created_by, updated_at)
        select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $12
        where (select count(*) from candle_feed) < $14
        """)
    private static let update = Statement(
        "candle_feed_update",
        """
        update candle_feed set next_open = $2, enabled = $3, due_at = $4, candles = $5, refused = $6,
            pulled_at = $7, failures = $8, failing_since = $9, error = $10, told = $11, revision = $12,
            updated_at = $13, shut_out_until = $14
        where id = $1
        """)
    private static let delete = Statement("candle_feed_delete", "delete from candle_feed where id = $1")

    nonisolated(nonsending) static func find(
        _ id: CandleFeedID, in source: any Queryable
    ) async throws -> CandleFeed? {
        try await source.query(find, .id(id)).first.flatMap(feed)
    }

    nonisolated(nonsending) static func lock(
        _ id: CandleFeedID, in transaction: Transaction
    ) async throws -> CandleFeed? {
        try await transaction.query(lock, .id(id)).first.flatMap(feed)
    }

    nonisolated(nonsending) static func list(
        of token: TokenID?, after: CandleFeedID?, limit: Int, in database: Database
    ) async throws -> [CandleFeed] {
        try await database.query(list, .id(after), .id(token), .int(limit)).compactMap(feed)
    }

    nonisolated(nonsending) static func due(
        at now: Timestamp, limit: Int, in source: any Queryable
    ) async throws -> [CandleFeed] {
        try await source.query(due, .timestamp(now), .int(limit)).compactMap(feed)
    }

    nonisolated(nonsending) static func holed(
        at now: Timestamp, in source: any Queryable
    ) async throws -> CandleFeed? {
        try await source.query(holed, .timestamp(now)).first.flatMap(feed)
    }

    nonisolated(nonsending) static func lockHeldUp(
        like feed: CandleFeed, until: Timestamp, in transaction: Transaction
    ) async throws -> [CandleFeed] {
        try await transaction.query(
            heldUp, .text(feed.exchange.rawValue), .text(feed.environment.rawValue), .timestamp(until),
            .id(feed.id)
        ).compactMap(Self.feed)
    }

    nonisolated(nonsending) static func lockOver(in transaction: Transaction) async throws -> [CandleFeed] {
        try await transaction.query(over, .int(CandleFeed.atMost)).compactMap(feed)
    }

    /// False when there are too many already.
    nonisolated(nonsending) static func insert(
        _ feed: CandleFeed, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.query(
            insert, .id(feed.id), .id(feed.token), .text(feed.source), .text(feed.interval.rawValue),
            .text(feed.exchange.rawValue), .text(feed.environment.rawValue), .text(feed.market.rawValue),
            .text(feed.instrument), .timestamp(feed.beginsAt), .timestamp(feed.nextOpen),
            .timestamp(feed.dueAt), .timestamp(feed.createdAt), .text(feed.createdBy),
            .int(CandleFeed.atMost)
        ).affected == 1
    }

    nonisolated(nonsending) static func update(
        _ feed: CandleFeed, in transaction: Transaction
    ) async throws {
        try await transaction.query(
            update, .id(feed.id), .timestamp(feed.nextOpen), .bool(feed.isEnabled), .timestamp(feed.dueAt),
            .int64(feed.candles), .int64(feed.refused), .timestamp(feed.pulledAt), .int(feed.failures),
            .timestamp(feed.failingSince), .text(feed.error), .bool(feed.isTold), .int64(feed.revision),
            .timestamp(feed.updatedAt), .timestamp(feed.shutOutUntil))
    }

    nonisolated(nonsending) static func delete(
        _ id: CandleFeedID, in transaction: Transaction
    ) async throws {
        try await transaction.query(delete, .id(id))
    }

    private static func feed(_ row: Row) -> CandleFeed? {
        guard let interval = Interval(rawValue: row.text(4)),
            let exchange = ExchangeName(rawValue: row.text(5)),
            let environment = Environment(rawValue: row.text(6)),
            let market = KlineQuestion.Market(rawValue: row.text(7))
        else { return nil }
        var feed = CandleFeed(
            id: row.id(0), token: row.id(1), symbol: row.text(2), source: row.text(3), interval: interval,
            exchange: exchange, environment: environment, market: market, instrument: row.text(8),
            beginsAt: row.timestamp(9), nextOpen: row.timestamp(10), isEnabled: row.bool(11),
            dueAt: row.timestamp(12), candles: row.int64(13), refused: row.int64(14),
            pulledAt: row.optionalTimestamp(15), failures: row.int(16),
            failingSince: row.optionalTimestamp(17), error: row.optionalText(18), isTold: row.bool(19),
            revision: row.int64(20), createdAt: row.timestamp(21), createdBy: row.optionalText(22),
            updatedAt: row.timestamp(23))
        (feed.endsAt, feed.shutOutUntil) = (row.optionalTimestamp(24), row.optionalTimestamp(25))
        if let from = row.optionalTimestamp(27) {
            feed.missing = .init(candles: row.int64(26), from: from, dueAt: row.optionalTimestamp(28))
        }
        return feed
    }
}
