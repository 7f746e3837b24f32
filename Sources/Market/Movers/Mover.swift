import Access
import JSON
import Kernel
import Postgres
import Signals

/// How much one token moved over a window, with the two candles between which that was measured.
struct Mover: Equatable, Sendable {
    enum Side: String, CaseIterable, Sendable {
        case gainers, losers
    }

    let token: TokenID
    let symbol: String
    /// From 1, on its side.
    let rank: Int
    /// 0.12 is 12 %.
    let change: Double
    /// Close times volume of every candle after the first end.
    let volume: Double
    /// Candles that there are behind the first end.
    let candles: Int
    let from: End
    let to: End

    /// A candle's close.
    struct End: Equatable, Sendable {
        /// Open time of the candle.
        let time: Timestamp
        let close: Double
    }
}

/// The movers of one moment, and how many tokens stand behind them.
struct Movers: Sendable {
    /// The newest candle of all.
    var newest: Timestamp?
    /// Tokens with a candle, with one near the newest, with both ends, and above the liquidity floor.
    var counts = Counts()
    var sides: [Mover.Side: [Mover]] = [.gainers: [], .losers: []]

    struct Counts: Equatable, Sendable {
        var tokens = 0
        var live = 0
        var measured = 0
        var liquid = 0
    }
}

extension Movers {
    /// Both ends are where they should be: a token without a candle there is not measured. A change of
    /// nothing is neither a gain nor a loss. Volumes are added up of those alone that are listed, unless
    /// there is a floor that all have to pass.
    private static let read = Statement(
        "movers_read",
        """
        with last as materialized (
            select * from market_last($1, $2, make_interval(secs => $3::float8), $4, $5)
        ), moved as materialized (
            select l.series, l.token_id, l.symbol, b.open_time as from_time, b.close as from_close,
                l.open_time as to_time, l.close as to_close, l.close / b.close - 1 as change, f.volume
            from last l
            cross join lateral candle_at(l.series, l.open_time - make_interval(secs => $6::float8), $5) b
            left join lateral (
                select sum(k.close * k.volume) as volume
                from candles_between(l.series, b.open_time, l.open_time, $5) k where $7::float8 > 0
            ) f on true
            where l.is_live and ($9::uuid[] is null or l.token_id = any ($9))
        ), liquid as materialized (
            select * from moved where $7::float8 = 0 or volume >= $7::float8
        ), counted as (
            select (select max(newest) from last) as newest,
                (select count(*) from last) as tokens,
                (select count(*) from last where is_live) as live,
                (select count(*) from moved) as measured,
                (select count(*) from liquid) as liquid
        ), ranked as (
            select r.*, v.volume as traded, v.bars from (
                select m.*, true as gains, row_number() over (order by m.change desc, m.token_id) as place
                from liquid m where m.change > 0
                union all
                select m.*, false, row_number() over (order by m.change, m.token_id)
                from liquid m where m.change < 0
            ) r
            cross join lateral (
                select sum(k.close * k.volume) as volume, count(*) as bars
                from candles_between(r.series, r.from_time, r.to_time, $5) k
            ) v
            where r.place <= $8
        )
        select c.newest, c.tokens, c.live, c.measured, c.liquid, r.gains, r.place, r.token_id, r.symbol,
            r.change, r.traded, r.bars, r.from_time, r.from_close, r.to_time, r.to_close
        from counted c left join ranked r on true
        order by r.gains desc, r.place
        """)

    /// - Parameter tokens: who is measured; nil: all.
    nonisolated(nonsending) static func read(
        _ moment: MarketMoment, over window: MoverWindow, minVolume: Double, among tokens: [TokenID]? = nil,
        limit: Int, in source: any Queryable
    ) async throws -> Movers {
        let rows = try await source.query(
            read,
            parameters: moment.parameters + [
                .double(Double(window.seconds)), .double(minVolume), .int(limit), .tokens(tokens),
            ])
        var movers = Movers()
        for row in rows {
            movers.newest = row.optionalTimestamp(0)
            movers.counts = Counts(
                tokens: row.int(1), live: row.int(2), measured: row.int(3), liquid: row.int(4))
            guard !row.isNull(5) else { continue }
            movers.sides[row.bool(5) ? .gainers : .losers, default: []].append(Mover(row))
        }
        return movers
    }
}

extension Mover {
    fileprivate init(_ row: Row) {
        self.init(
            token: row.id(7), symbol: row.text(8), rank: row.int(6), change: row.double(9),
            volume: row.double(10), candles: row.int(11),
            from: End(time: row.timestamp(12), close: row.double(13)),
            to: End(time: row.timestamp(14), close: row.double(15)))
    }
}

extension Mover {
    /// - Parameter seesCandles: else it has no closes.
    func write(seesCandles: Bool, to w: inout JSONWriter) {
        w.object { w in
            w.field("rank", rank)
            w.field("token_id", token.description)
            w.field("symbol", symbol)
            w.field("change", change)
            w.field("quote_volume", volume)
            w.field("candles", candles)
            for (name, end) in [("from", from), ("to", to)] {
                w.object(name) { w in
                    w.field("time", end.time.description)
                    w.field("close", seesCandles ? end.close : nil)
                }
            }
        }
    }
}

extension Movers.Counts: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("tokens", tokens)
            w.field("live", live)
            w.field("measured", measured)
            w.field("liquid", liquid)
        }
    }
}
