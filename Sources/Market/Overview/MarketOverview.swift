import Access
import JSON
import Kernel
import Postgres
import Signals

/// How many tokens of a market do well, and its regime.
struct MarketOverview: Sendable {
    /// From this grade on a token counts as well graded.
    static let goodGrade = 60.0

    var newest: Timestamp?
    var tokens = 0
    var live = 0
    var breadth = Part()
    var grades = Part()
    var regime: MarketRegime?
    /// The candle at which the regime became what it is, as far as it was watched.
    var since: Timestamp?

    /// Some of all that could be asked.
    struct Part: Equatable, Sendable {
        var count = 0
        var of = 0

        /// Nil where nobody could be asked.
        var percent: Double? { of == 0 ? nil : 100 * Double(count) / Double(of) }
    }
}

extension MarketOverview {
    private static let counts = Statement(
        "market_counts",
        """
        select max(newest), count(*), count(*) filter (where is_live), count(*) filter (where is_above),
            count(is_above), count(*) filter (where grade >= $7), count(grade)
        from market_breadth($1, $2, make_interval(secs => $3::float8), $4, $5, $6)
        """)
    private static let turn = Statement(
        "market_turn_last",
        """
        select time, regime from market_turn
        where source = $1 and interval = $2 and time <= $3 and known_at <= $4
        order by time desc, known_at desc limit 1
        """)

    nonisolated(nonsending) static func read(
        _ moment: MarketMoment, by model: GradeModel, in source: any Queryable
    ) async throws -> MarketOverview {
        var overview = MarketOverview()
        let rows = try await source.query(
            counts,
            parameters: moment.parameters + [.int16(Int16(model.number)), .double(goodGrade)])
        if let row = rows.first {
            overview.newest = row.optionalTimestamp(0)
            (overview.tokens, overview.live) = (row.int(1), row.int(2))
            overview.breadth = Part(count: row.int(3), of: row.int(4))
            overview.grades = Part(count: row.int(5), of: row.int(6))
        }
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
        w.field("newest", newest?.description)
        w.field("tokens", tokens)
        w.field("live", live)
        w.object("above_sma50") { w in
            w.field("count", breadth.count)
            w.field("of", breadth.of)
            w.field("percent", breadth.percent)
        }
        w.object("well_graded") { w in
            w.field("count", grades.count)
            w.field("of", grades.of)
            w.field("percent", grades.percent)
            w.field("at_least", Self.goodGrade)
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
