import JSON
import Kernel
import Postgres
import Signals

/// What the signals of a token said at the close of a candle, made of what was known then.
struct SignalOfCandle: Sendable {
    var name: TokenName
    var time: Timestamp
    var close: Double
    var grade: Double?
    /// In force at the close: 1 bullish, -1 a bearish warning, 0 none. A bullish one is told first.
    var signal: Int
    /// Of the newest signal until then, in force or over.
    var trend: Int?
    /// Whether a position was held during the candle.
    var isHeld: Bool
    /// Of one unit of money that followed every bullish signal of the series until this close, after costs.
    var returns: Double?
    /// Bought where the first of them was filled, and held.
    var holding: Double?
    /// Of days.
    var investor: Double?

    /// A signal is over at the close of the candle that ended it, and its position at the open of the next
    /// one; one whose data stopped is over behind the last candle that came. What was stored without its end
    /// lasted for as long as it was followed. Where nobody filters by signal, the page is cut before signals
    /// are looked at.
    static let page = Statement(
        "tm_signals",
        derived: """
            with asked as materialized (
                select k.number, t.symbol, s.id as series, c.open_time as time, c.close, k.id as token,
                    s.source
                from token k join ticker t on t.token_id = k.id
                cross join lateral primary_series(k.id, $8, $2) s
                join candle c on c.series = s.id and c.closed and sane_price(c.close) is not null
                    and c.open_time >= coalesce($6, date_trunc('day', s.last_closed, 'UTC') - interval '29
                        days')
                    and c.open_time < coalesce($7::timestamptz, 'infinity')
                \(ListParameters.chosen)
                order by k.number, c.open_time desc
                limit case when $9::int4 is null then $4::int8 end
                offset case when $9::int4 is null then $5::int8 else 0 end
            ), told as (
                select r.number, r.symbol, r.time, r.close, g.value as grade, i.value as investor,
                    case when r.time < b.over_at then 1 when r.time < w.over_at then -1 else 0 end as signal,
                    case when b.decided_at >= coalesce(w.decided_at, '-infinity') then 1
                        when w.decided_at is not null then -1 end as trend,
                    coalesce(r.time between b.fill_at and b.last_at, false) as held,
                    case when f.fill_at <= r.time then before.factor * case
                        when b.fill_at is null or b.fill_at > r.time then 1
                        when r.time <= b.last_at then r.close / b.price * (1 - b.cost) ^ 2
                        else 1 + b.roi_net end - 1 end as returns,
                    case when f.fill_at <= r.time then r.close / f.price - 1 end as holding
                from asked r
                left join grade g on g.series = r.series and g.model_number = $11 and g.time = r.time
                left join investor_grade i on i.token_id = r.token and i.source = r.source and i.time = r.time
                left join lateral (
                    select x.decided_at, x.roi_net, (j.body->>'fill_at')::timestamptz as fill_at,
                        sane_price((j.body->>'fill_open')::float8) as price,
                        coalesce((j.body->'roi'->>'cost_bps_a_side')::float8, 0) / 10000 as cost,
                        e.last_at, e.last_at + case when x.state = 'closed'
                                or j.body ? 'stale_at'
                                and j.body->>'stale_reason' not like 'no candle after %'
                            then interval '0' else $10::interval end as over_at
                    from signal x
                    cross join lateral (select x.body::jsonb as body) j
                    cross join lateral (
                        select case x.state when 'open' then 'infinity'
                            when 'closed' then (j.body->>'closed_at')::timestamptz
                            else coalesce((j.body->'roi'->>'as_of')::timestamptz, x.decided_at) end as last_at
                    ) e
                    where x.series = r.series and x.model_number = $11 and x.direction = 'bullish'
                        and x.decided_at <= r.time and not x.withdrawn
                    order by x.decided_at desc limit 1
                ) b on true
                left join lateral (
                    select x.decided_at, case x.state when 'open' then 'infinity'
                        when 'closed' then (j.body->>'closed_at')::timestamptz
                        else coalesce((j.body->>'stale_at')::timestamptz, substring(j.body->>'stale_reason'
                                from 'no candle after ([0-9TZ:.-]+)')::timestamptz, x.decided_at)
                            + case when j.body ? 'stale_at'
                                and j.body->>'stale_reason' not like 'no candle after %'
                            then interval '0' else $10::interval end
                        end as over_at
                    from signal x
                    cross join lateral (select x.body::jsonb as body) j
                    where x.series = r.series and x.model_number = $11 and x.direction = 'bearish'
                        and x.decided_at <= r.time and not x.withdrawn
                    order by x.decided_at desc limit 1
                ) w on true
                left join lateral (
                    select (x.body::jsonb->>'fill_at')::timestamptz as fill_at,
                        sane_price((x.body::jsonb->>'fill_open')::float8) as price
                    from signal x
                    where x.series = r.series and x.model_number = $11 and x.direction = 'bullish'
                        and not x.withdrawn
                    order by x.decided_at limit 1
                ) f on true
                cross join lateral (
                    select exp(least(coalesce(sum(ln(1 + x.roi_net)), 0), 500)) as factor from signal x
                    where x.series = r.series and x.model_number = $11 and x.direction = 'bullish'
                        and x.decided_at < b.decided_at and not x.withdrawn
                        and x.roi_net > -1 and x.roi_net < 'infinity'
                ) before
            )
            select number, symbol, time, close, grade, signal, trend, held, returns, holding, investor from
                told
            where ($9::int4 is null or signal = $9)
            order by number, time desc limit $4
            offset case when $9::int4 is null then 0 else $5::int8 end
            """)

    nonisolated(nonsending) static func list(
        _ ask: Ask, _ days: DayRange, every grain: Grain, only signal: Int? = nil, by model: GradeModel,
        in database: Database
    ) async throws -> [SignalOfCandle] {
        guard let parameters = try await ListParameters(ask, in: database) else { return [] }
        let rows = try await database.query(
            page,
            parameters: parameters.all + [
                .timestamp(days.from), .timestamp(days.to), .text(grain.rawValue),
                .int32(signal.map(Int32.init)), .text(grain.length),
                .int16(Int16(model.number)),
            ])
        return rows.map { row in
            SignalOfCandle(
                name: TokenName(row), time: row.timestamp(2), close: row.double(3),
                grade: row.optionalDouble(4), signal: row.int(5), trend: row.optionalInt(6),
                isHeld: row.bool(7), returns: row.optionalDouble(8), holding: row.optionalDouble(9),
                investor: row.optionalDouble(10))
        }
    }

    func writeDay(to w: inout JSONWriter) {
        w.names(of: name)
        w.time(time, .day)
        w.field("TRADING_SIGNAL", signal)
        w.field("TOKEN_TREND", trend)
        w.field("TRADING_SIGNALS_RETURNS", returns)
        w.field("HOLDING_RETURNS", holding)
        w.field("TM_TRADER_GRADE", grade)
        w.field("TM_INVESTOR_GRADE", investor)
        w.null("TM_LINK")
    }

    func writeHour(seesCandles: Bool, to w: inout JSONWriter) {
        w.names(of: name)
        w.time(time, .hour)
        w.field("CLOSE", seesCandles ? close : nil)
        w.field("SIGNAL", signal)
        w.field("POSITION", isHeld ? 1 : 0)
    }
}

extension Grain {
    /// For SQL.
    fileprivate var length: String { self == .day ? "1 day" : "1 hour" }
}
