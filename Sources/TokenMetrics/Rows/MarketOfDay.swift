import JSON
import Kernel
import Postgres
import Signals

/// The market on a day: how many tokens are graded high, and whether its gate was open.
struct MarketOfDay: Sendable {
    var time: Timestamp
    /// Percent of the tokens with a grade that have 60 or more; nil where none has one.
    var highShare: Double?
    /// 1 where BTC closed above its SMA50, -1 where not, nil where it has no candle or fewer than 50.
    var signal: Int?
    var signalBefore: Int?

    /// Each day looks at a grade of every token, so an answer has no more of them. They are days that
    /// something is known of, looked for from the newest on: none of the others takes a place on a page.
    static let mostDays = 31

    private static let page = Statement(
        "tm_market",
        """
        with market as materialized (
            select s.id from ticker t cross join lateral primary_series(t.token_id, '1d', null) s
            where t.symbol = 'BTC' order by t.valid_to desc nulls first limit 1
        ), chosen as materialized (
            select s.id, o.first_open, s.last_closed
            from token k cross join lateral primary_series(k.id, '1d', null) s join series o on o.id = s.id
        ), reach as (
            select greatest($1::timestamptz, min(first_open)) as first,
                least($2::timestamptz - interval '1 day', max(last_closed)) as last
            from chosen having count(*) > 0
        ), day as materialized (
            select d.time
            from (
                select d as time from reach r, generate_series(r.first, r.last, interval '1 day') d
                order by d desc
            ) d
            cross join lateral (
                (select 1 from market m
                    join candle x on x.series = m.id and x.open_time = d.time and x.closed)
                union all
                (select 1 from chosen c
                    cross join lateral (
                        select 1 from grade g
                        where g.series = c.id and g.model_number = $5 and g.time = d.time limit 1
                    ) g
                    where d.time between c.first_open and c.last_closed limit 1)
                limit 1
            ) known
            order by d.time desc
            limit least($3::int8, case when $1::timestamptz is null then greatest(30 - $4::int8, 0) end)
            offset $4::int8
        ), share as (
            select g.time, count(*) filter (where g.value >= 60 and g.value < 'infinity')
                * 100.0 / count(*) as high
            from chosen c join grade g on g.series = c.id and g.model_number = $5
            where g.time between (select min(time) from day) and (select max(time) from day)
            group by g.time
        ), gate as (
            select c.open_time as time, case when n.count = 50 then
                case when c.close > n.mean then 1 else -1 end end as signal
            from market m
            join candle c on c.series = m.id and c.closed and c.open_time between
                (select min(time) from day) - interval '1 day' and (select max(time) from day)
            cross join lateral (
                select avg(x.close) as mean, count(*) as count from (
                    select close from candle where series = m.id and closed and open_time <= c.open_time
                        and sane_price(close) is not null
                    order by open_time desc limit 50
                ) x
            ) n
        )
        select d.time, s.high::float8, g.signal, b.signal
        from day d left join share s using (time) left join gate g using (time)
        left join gate b on b.time = d.time - interval '1 day'
        order by d.time desc
        """)

    nonisolated(nonsending) static func list(
        _ days: DayRange, _ window: PageWindow, by model: GradeModel, in database: Database
    ) async throws -> [MarketOfDay] {
        let rows = try await database.report(
            page, .timestamp(days.from), .timestamp(days.to), .int(window.limit), .int(window.offset),
            .int16(Int16(model.number)))
        return rows.map { row in
            MarketOfDay(
                time: row.timestamp(0), highShare: row.optionalDouble(1), signal: row.optionalInt(2),
                signalBefore: row.optionalInt(3))
        }
    }

    func write(to w: inout JSONWriter) {
        w.time(time, .day)
        w.null("TOTAL_CRYPTO_MCAP")
        w.field("TM_GRADE_PERC_HIGH_COINS", highShare)
        w.field("TM_GRADE_SIGNAL", signal)
        w.field("LAST_TM_GRADE_SIGNAL", signalBefore)
    }
}
