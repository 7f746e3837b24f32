import JSON
import Postgres

/// A token of `/v2/tokens` and `/v2/top-market-cap-tokens`.
struct ListedToken: Sendable {
    var name: TokenName
    var sources: [String]
    var categories: [String]

    private static let page = Statement(
        "tm_tokens",
        """
        select k.number, t.symbol,
            array(select distinct s.source from series s where s.token_id = k.id order by s.source),
            k.name, k.categories
        from token k join ticker t on t.token_id = k.id
        where ($1::uuid[] is null or k.id = any($1))
            and ($2::text[] is null
                or exists (select from series s where s.token_id = k.id and s.source = any($2)))
            and ($3::float8 is null or exists (
                select from primary_series(k.id, '1d', $2) s
                join candle v on v.series = s.id and v.open_time = s.last_closed
                where quote_volume(v.close, v.volume) >= $3))
        order by k.number limit $4 offset $5
        """)

    nonisolated(nonsending) static func list(
        _ ask: Ask, in database: Database
    ) async throws -> [ListedToken] {
        guard let parameters = try await ListParameters(ask, in: database) else { return [] }
        return try await database.query(page, parameters: parameters.all).map { row in
            var name = TokenName(row)
            name.title = row.optionalText(3)
            return ListedToken(name: name, sources: row.textArray(2), categories: row.textArray(4))
        }
    }

    /// - Parameter seesSources: whether the caller may read which series there are.
    func write(seesSources: Bool, to w: inout JSONWriter) {
        w.names(of: name)
        if seesSources {
            w.array("EXCHANGE_LIST", sources) { w, source in
                w.object { w in
                    w.field("exchange_id", source)
                    w.field("exchange_name", source)
                }
            }
        } else {
            w.null("EXCHANGE_LIST")
        }
        w.array("CATEGORY_LIST", categories) { w, category in
            w.object { w in
                w.field("category_id", category)
                w.field("category_name", category)
            }
        }
        w.null("TM_LINK")
    }
}
