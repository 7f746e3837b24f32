import Access
import JSON
import Kernel
import Postgres

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
    /// nothing is neither a gain nor a loss.
    private static let read = Statement(
        "movers_read",
        """
        with last as materialized (
            select * from market_last($1, $2, make_interval(secs => $3::float8), $4, $5)
        ), moved as materialized (
            select * from market_moves($1, $2, make_interval(secs => $3::float8),
                make_interval(secs => $6::float8), $4, $5)
        ), counted as (
            select (select max(newest) from last) as newest,
                (select count(*) from last) as tokens,
                (select count(*) from last where is_live) as live,
                (select count(*) from moved) as measured,
                (select count(*) from moved where volume >= $7) as liquid
        ), ranked as (
            select m.*, true as gains, row_number() over (order by m.change desc, m.token_id) as place
            from moved m where m.volume >= $7 and m.change > 0
            union all
            select m.*, false, row_number() over (order by m.change, m.token_id)
            from moved m where m.volume >= $7 and m.change < 0
        )
        select c.newest, c.tokens, c.live, c.measured, c.liquid, r.gains, r.place, r.token_id, r.symbol,
            r.change, r.volume, r.bars, r.from_time, r.from_close, r.to_time, r.to_close
        from counted c left join ranked r on r.place <= $8
        order by r.gains desc, r.place
        """)

    nonisolated(nonsending) static func read(
        _ moment: MarketMoment, over window: MoverWindow, minVolume: Double, limit: Int,
        in source: any Queryable
    ) async throws -> Movers {
        let rows = try await source.query(
            read,
            parameters: moment.parameters + [
                .double(Double(window.seconds)), .double(minVolume), .int(limit),
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

extension Mover: JSONWritable {
    func write(to w: inout JSONWriter) {
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
                    w.field("close", end.close)
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
