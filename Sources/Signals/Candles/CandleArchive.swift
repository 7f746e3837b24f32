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

    /// A ticker means the token that has it now, or had it last.
    private static let ofTokens = Statement(
        "archive_series_of_tokens",
        """
        select s.id, s.token_id, t.symbol, s.source, s.candles from series s
        join (
            (select distinct on (symbol) token_id, symbol from ticker
            where symbol = any ($3::text[]) order by symbol, valid_to desc nulls first)
            union
            select token_id, symbol from ticker where token_id = any ($4::uuid[])
        ) t using (token_id)
        where s.source = $1 and s.interval = $2 order by t.symbol, s.id limit $5
        """)

    private static let ofSource = Statement(
        "archive_series_of_source",
        """
        select s.id, s.token_id, t.symbol, s.source, s.candles from series s join ticker t using (token_id)
        where s.source = $1 and s.interval = $2 order by t.symbol, s.id limit $3
        """)

    /// By ticker.
    /// - Parameter tokens: ids or tickers; nil for all.
    package nonisolated(nonsending) func series(
        _ source: String, _ interval: Interval, tokens: [String]?, limit: Int
    ) async throws -> [Series] {
        let rows: Rows
        if let tokens {
            let ids = tokens.compactMap { TokenID($0) }
            rows = try await database.query(
                Self.ofTokens, .text(source), .text(interval.rawValue), .textArray(tokens), .idArray(ids),
                .int(limit))
        } else {
            rows = try await database.query(
                Self.ofSource, .text(source), .text(interval.rawValue), .int(limit))
        }
        return rows.map { row in
            Series(
                id: row.int(0), token: row.id(1), symbol: row.text(2), source: row.text(3),
                interval: interval, candles: row.int(4))
        }
    }

    /// The series of BTC, which is the market's.
    package nonisolated(nonsending) func market(
        _ source: String, _ interval: Interval
    ) async throws -> Series? {
        try await series(source, interval, tokens: [SeriesRecord.market], limit: 1).first
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
