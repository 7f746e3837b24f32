import Access
import JSON
import Kernel
import Postgres
import Signals

/// How many tokens of a market do well, and its regime.
struct MarketOverview: Sendable {
    var reading: MarketReading
    var regime: MarketRegime?
    /// The candle at which the regime became what it is, as far as it was watched.
    var since: Timestamp?
}

extension MarketOverview {
    private static let turn = Statement(
        "market_turn_last",
        """
        select time, regime from market_turn
        where source = $1 and interval = $2 and time <= $3 and known_at <= $4
        order by time desc, known_at desc limit 1
        """)

    /// Of now and of what was known then, the reading that was told; of another moment, and before there
    /// was one, the tokens are counted.
    nonisolated(nonsending) static func read(
        _ asked: MarketMoment, by model: GradeModel, in source: any Queryable
    ) async throws -> MarketOverview {
        var moment = asked
        let stored =
            moment.at == nil ? try await MarketReading.stored(moment, by: model, in: source) : nil
        if let newest = stored?.newest {
            // The market's own token must not be a candle ahead of the others.
            moment.at = moment.interval.close(of: newest)
        } else {
            try await moment.limit(candles: MarketReading.candlesOfToken, field: "at", in: source)
        }
        var overview = MarketOverview(reading: stored ?? MarketReading())
        if stored == nil { overview.reading = try await .counted(moment, by: model, in: source) }
        overview.regime = try await MarketRegime.read(moment, in: source)
        let turns = try await source.query(
            turn, .text(moment.source), .text(moment.interval.rawValue), .timestamp(moment.before),
            .timestamp(moment.known))
        if let row = turns.first, row.text(1) == overview.regime?.state.rawValue {
            overview.since = row.timestamp(0)
        }
        return overview
    }

    func write(_ moment: MarketMoment, by model: GradeModel, to w: inout JSONWriter) {
        moment.write(to: &w)
        w.field("newest", reading.newest?.description)
        w.field("known_at", reading.knownAt?.description)
        w.field("tokens", reading.tokens)
        w.field("live", reading.live)
        w.object("above_sma50") { w in
            w.field("count", reading.breadth.count)
            w.field("of", reading.breadth.of)
            w.field("percent", reading.breadth.percent)
        }
        w.object("well_graded") { w in
            w.field("count", reading.grades.count)
            w.field("of", reading.grades.of)
            w.field("percent", reading.grades.percent)
            w.field("at_least", MarketReading.goodGrade)
            w.field("model", model.rawValue)
        }
        w.object("regime") { w in
            w.field("state", regime?.state.rawValue ?? "unknown")
            w.field("token_id", regime?.token.description)
            w.field("symbol", MarketRegime.symbol)
            w.field("time", regime?.time.description)
            w.field("close", regime?.close)
            w.field("sma50", regime?.mean)
            w.field("since", since?.description)
        }
    }
}
