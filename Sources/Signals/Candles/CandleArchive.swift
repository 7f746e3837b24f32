package import Access
package import Kernel
package import Postgres

/// Series and their closed candles as they were known at a time, for other rooms.
package struct CandleArchive {
    package struct Series: Equatable, Sendable {
        package let id: Int
        package let token: TokenID
        package let symbol: String
        package let source: String
        package let interval: Interval
        package let candles: Int
    }

    private let database: Database

    package init(database: Database) { self.database = database }

    /// Tokens and their tickers as they were known at $3: who is called otherwise today, or was not there
    /// yet, must not change what is read of the past.
    private static let called = """
        with called as (
            select k.id as token_id, t.valid_to, coalesce(
                (select f.symbol from former_ticker f where f.token_id = k.id and f.known_at > $3
                order by f.known_at, f.valid_to limit 1), t.symbol) as symbol
            from token k join ticker t on t.token_id = k.id where k.created_at <= $3
        )
        """

    /// A ticker means the token that had it then, or had it last.
    static let ofTokens = Statement(
        "archive_series_of_tokens",
        derived: """
            \(called)
            select s.id, s.token_id, t.symbol, s.source, s.candles from series s
            join (
                (select distinct on (symbol) token_id, symbol from called
                where symbol = any ($5::text[]) order by symbol, valid_to desc nulls first, token_id)
                union
                select token_id, symbol from called where token_id = any ($6::uuid[])
            ) t using (token_id)
            where s.source = $1 and s.interval = $2 and s.created_at <= $3 order by t.symbol, s.id limit $4
            """)

    static let ofSource = Statement(
        "archive_series_of_source",
        derived: """
            \(called)
            select s.id, s.token_id, t.symbol, s.source, s.candles
            from series s join called t using (token_id)
            where s.source = $1 and s.interval = $2 and s.created_at <= $3 order by t.symbol, s.id limit $4
            """)

    /// By ticker.
    /// - Parameters:
    ///   - tokens: ids or tickers; nil for all.
    ///   - asOf: those that were there, and by the names that they had.
    package nonisolated(nonsending) func series(
        _ source: String, _ interval: Interval, tokens: [String]?, asOf: Timestamp, limit: Int
    ) async throws -> [Series] {
        let rows: Rows
        if let tokens {
            let ids = tokens.compactMap { TokenID($0) }
            rows = try await database.query(
                Self.ofTokens, .text(source), .text(interval.rawValue), .timestamp(asOf), .int(limit),
                .textArray(tokens), .idArray(ids))
        } else {
            rows = try await database.query(
                Self.ofSource, .text(source), .text(interval.rawValue), .timestamp(asOf), .int(limit))
        }
        return rows.map { row in
            Series(
                id: row.int(0), token: row.id(1), symbol: row.text(2), source: row.text(3),
                interval: interval, candles: row.int(4))
        }
    }

    /// The series of BTC, which is the market's.
    package nonisolated(nonsending) func market(
        _ source: String, _ interval: Interval, asOf: Timestamp
    ) async throws -> Series? {
        try await series(source, interval, tokens: [SeriesRecord.market], asOf: asOf, limit: 1).first
    }

    /// One page of closed candles from `from` on; fewer than `pageSize` are the last.
    package nonisolated(nonsending) func page(
        _ series: Series, from: Timestamp?, to: Timestamp?, asOf: Timestamp
    ) async throws -> [Candle] {
        let range = TimeRange(from: from ?? .never, to: to ?? .forever, asOf: asOf)
        return try await CandleReads.closed(series.id, range, in: database)
    }

    package static let pageSize = CandlePages.size
}
