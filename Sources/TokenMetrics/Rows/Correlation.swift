import JSON
import Postgres

/// How alike the daily moves of a token and of the hundred most traded others were.
struct Correlation: Sendable {
    struct Partner: Sendable {
        var name: String
        var number: Int
        var correlation: Double
        /// On which both have moved.
        var days: Int
    }

    var name: TokenName
    /// The most alike first: at most ten from the top and ten from the bottom.
    var partners: [Partner] = []

    /// Each token is compared with a hundred others, so an answer has no more of them.
    static let mostTokens = 50

    /// Moves from close to close of the 90 days up to a token's newest one, none over a gap, at least 30 in
    /// common.
    static let page = Statement(
        "tm_correlations",
        derived: """
            with wanted as materialized (
                select k.number, t.symbol, s.id, s.last_closed
                from token k join ticker t on t.token_id = k.id
                cross join lateral primary_series(k.id, '1d', $2) s
                \(ListParameters.chosen)
                order by k.number limit $4 offset $5
            ), partner as materialized (
                select k.number, t.symbol, s.id, s.last_closed
                from token k join ticker t on t.token_id = k.id
                cross join lateral primary_series(k.id, '1d', $2) s
                join candle v on v.series = s.id and v.open_time = s.last_closed
                order by quote_volume(v.close, v.volume) desc nulls last, k.number limit 100
            ), move as materialized (
                select m.id, m.time, m.close / m.before - 1 as size
                from (
                    select x.id, c.open_time as time, c.close,
                        lag(c.close) over w as before, lag(c.open_time) over w as time_before
                    from (select id, last_closed from wanted union select id, last_closed from partner) x
                    join candle c on c.series = x.id and c.closed and sane_price(c.close) is not null
                        and c.open_time >= x.last_closed - interval '90 days'
                    window w as (partition by x.id order by c.open_time)
                ) m
                where m.time - m.time_before = interval '1 day'
            ), pair as (
                select w.number, p.number as partner, p.symbol, corr(a.size, b.size) as correlation,
                    count(*) as days
                from wanted w join move a on a.id = w.id
                join move b on b.time = a.time and b.id <> a.id join partner p on p.id = b.id
                group by w.number, p.number, p.symbol having count(*) >= 30
            ), ranked as (
                select *, row_number() over (partition by number order by correlation desc, partner) as top,
                    row_number() over (partition by number order by correlation, partner desc) as bottom
                from pair where correlation is not null
            )
            select w.number, w.symbol, r.symbol, r.partner, r.correlation, r.days
            from wanted w left join ranked r on r.number = w.number and (r.top <= 10 or r.bottom <= 10)
            order by w.number, r.top
            """)

    nonisolated(nonsending) static func list(
        _ ask: Ask, in database: Database
    ) async throws -> [Correlation] {
        guard let parameters = try await ListParameters(ask, in: database) else { return [] }
        var found: [Correlation] = []
        for row in try await database.report(page, parameters: parameters.all) {
            let name = TokenName(row)
            if found.last?.name != name { found.append(Correlation(name: name)) }
            guard !row.isNull(2) else { continue }
            found[found.count - 1].partners.append(
                Partner(
                    name: row.text(2), number: row.int(3), correlation: row.double(4), days: row.int(5)))
        }
        return found
    }

    func write(to w: inout JSONWriter) {
        w.names(of: name)
        w.array("TOP_CORRELATION", partners) { w, partner in
            w.object { w in
                w.field("token", partner.name)
                w.field("token_id", partner.number)
                w.field("correlation", partner.correlation)
                w.field("days", partner.days)
            }
        }
    }
}
