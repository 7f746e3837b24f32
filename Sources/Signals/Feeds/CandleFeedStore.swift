import Access
import Exchanges
import Kernel
import Postgres

/// Feeds of candles as rows.
enum CandleFeedStore {
    private static let columns = """
        f.id, f.token_id, t.symbol, f.source, f.interval, f.exchange, f.environment, f.market, f.instrument,
        f.begins_at, f.next_open, f.enabled, f.due_at, f.candles, f.refused, f.pulled_at, f.failures,
        f.failing_since, f.error, f.told, f.revision, f.created_at, f.created_by, f.updated_at
        """
    private static let from = "from candle_feed f join ticker t on t.token_id = f.token_id"

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
            select \(columns) \(from) where f.enabled and f.due_at <= $1 order by f.due_at, f.id limit $2
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
            updated_at = $13
        where id = $1
        """)
    private static let postpone = Statement(
        "candle_feed_postpone",
        """
        update candle_feed set due_at = $3, error = $4
        where exchange = $1 and environment = $2 and enabled and due_at < $3
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
            .timestamp(feed.updatedAt))
    }

    /// All of an exchange.
    nonisolated(nonsending) static func postpone(
        _ exchange: ExchangeName, _ environment: Environment, until: Timestamp, _ error: String,
        in transaction: Transaction
    ) async throws {
        try await transaction.query(
            postpone, .text(exchange.rawValue), .text(environment.rawValue), .timestamp(until), .text(error))
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
        return CandleFeed(
            id: row.id(0), token: row.id(1), symbol: row.text(2), source: row.text(3), interval: interval,
            exchange: exchange, environment: environment, market: market, instrument: row.text(8),
            beginsAt: row.timestamp(9), nextOpen: row.timestamp(10), isEnabled: row.bool(11),
            dueAt: row.timestamp(12), candles: row.int64(13), refused: row.int64(14),
            pulledAt: row.optionalTimestamp(15), failures: row.int(16),
            failingSince: row.optionalTimestamp(17), error: row.optionalText(18), isTold: row.bool(19),
            revision: row.int64(20), createdAt: row.timestamp(21), createdBy: row.optionalText(22),
            updatedAt: row.timestamp(23))
    }
}
