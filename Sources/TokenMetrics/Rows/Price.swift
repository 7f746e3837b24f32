import JSON
import Postgres

/// The newest price of a token: the close of its candle that closed last, of whatever interval; of its
/// primary source where it has one.
struct Price: Sendable {
    var name: TokenName
    var close: Double

    private static let page = Statement(
        "tm_prices",
        """
        select k.number, t.symbol, p.close
        from token k join ticker t on t.token_id = k.id
        cross join lateral (
            select c.close from series s
            join (values ('1m', interval '1 minute'), ('5m', '5 minutes'), ('15m', '15 minutes'),
                ('1h', '1 hour'), ('4h', '4 hours'), ('1d', '1 day'), ('1w', '7 days'))
                as l (interval, length) on l.interval = s.interval
            join candle c on c.series = s.id and c.open_time = s.last_closed
            where s.token_id = k.id and ($2::text[] is null or s.source = any($2))
            order by s.source = k.primary_source desc nulls last, s.last_closed + l.length desc, l.length,
                s.candles desc, s.source limit 1
        ) p
        where ($1::uuid[] is null or k.id = any($1))
            and ($3::float8 is null or exists (
                select from primary_series(k.id, '1d', $2) s
                join candle v on v.series = s.id and v.open_time = s.last_closed
                where quote_volume(v.close, v.volume) >= $3))
        order by k.number limit $4 offset $5
        """)

    nonisolated(nonsending) static func list(_ ask: Ask, in database: Database) async throws -> [Price] {
        guard let parameters = try await ListParameters(ask, in: database) else { return [] }
        return try await database.query(page, parameters: parameters.all).map { row in
            Price(name: TokenName(row), close: row.double(2))
        }
    }

    func write(to w: inout JSONWriter) {
        w.names(of: name)
        w.field("CURRENT_PRICE", close)
    }
}
