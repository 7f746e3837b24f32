import Access
import Crypto
import HTTPServer
package import JSON
package import Kernel
package import Signals

/// What is asked of a backtest.
package struct BacktestRequest: Equatable, Sendable {
    /// Tokens of one run, and candles of all of them (the market's not counted).
    package static let mostTokens = 200
    package static let mostCandles = 500_000
    package static let mostFolds = 20

    package var name: String
    package var rule: TradingRule
    /// Tickers or ids; nil for all tokens of the source that have such a series.
    package var tokens: [String]?
    package var source: String
    package var interval: Interval
    package var from: Timestamp?
    package var to: Timestamp?
    package var asOf: Timestamp?
    package var costBasisPoints: Double
    package var warmUp: Int
    package var folds: Int
    package var cutsAtGap: Bool
    package var seed: Int

    /// - Parameter now: when it is asked for; nil: it was then.
    package init(_ fields: inout Fields, now: Timestamp? = nil) throws {
        name = fields.string("name", 1...100, default: "backtest")
        let rule = fields.object("rule") { fields in TradingRule.read(&fields) }
        tokens = fields.strings(optional: "tokens", count: 1...Self.mostTokens, each: 1...40)
        source = fields.string("source", 1...40)
        interval =
            fields.parsed(
                optional: "interval", expected: Interval.allCases.map(\.rawValue).joined(separator: ", ")
            ) {
                Interval(rawValue: $0)
            } ?? .day
        from = fields.parsed(optional: "from", expected: "an RFC 3339 time") { Timestamp($0) }
        to = fields.parsed(optional: "to", expected: "an RFC 3339 time") { Timestamp($0) }
        asOf = fields.parsed(optional: "as_of", expected: "an RFC 3339 time") { Timestamp($0) }
        costBasisPoints = fields.double("cost_bps", 0...500, default: 10)
        warmUp = fields.int("warm_up", 0...2_000, default: 200)
        folds = fields.int("folds", 1...Self.mostFolds, default: 5)
        cutsAtGap = fields.bool("cut_at_gap", default: true)
        seed = fields.int("seed", 0...1_000_000_000, default: 1)
        if let now, let asOf, asOf > now {
            // What is stored until then would make another report.
            fields.fail("as_of", code: FieldCode.outOfRange, "must not be in the future")
        }
        if let from, let to, from >= to {
            fields.fail("to", code: FieldCode.outOfRange, "must be after from")
        }
        try fields.finish()
        guard let rule = rule ?? nil else { throw FieldErrors(Self.noRule) }
        self.rule = rule
    }

    private static let noRule = FieldError(
        pointer: "/rule", code: FieldCode.malformed, message: "is no rule")

    var terms: MeasureTerms {
        var terms = MeasureTerms()
        terms.costPerSide = costBasisPoints / 10_000
        terms.warmUp = warmUp
        terms.periodsPerYear = RiskMetrics.daysPerYear * 86_400 / Double(interval.seconds)
        return terms
    }
}

extension BacktestRequest {
    /// The same for all requests that try the same rule on the same candles: variants are counted by it.
    /// Whoever tries one rule on many tokens, times or costs until it looks good has tried as many.
    /// - Parameter named: what `tokens` are, by ticker or by id.
    func variant(_ named: some Sequence<TokenID>) -> [UInt8] {
        var w = JSONWriter()
        w.object { w in
            w.raw("rule", rule.plain)
            w.array("tokens", tokens == nil ? [] : Set(named.map(\.description)).sorted()) { w, token in
                w.value(token)
            }
            w.field("source", source)
            w.field("interval", interval.rawValue)
            w.field("from", from?.description)
            w.field("to", to?.description)
            w.field("cost_bps", costBasisPoints)
            w.field("warm_up", warmUp)
            w.field("cut_at_gap", cutsAtGap)
        }
        return SHA256.hash(w.bytes)
    }
}

extension BacktestRequest: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("name", name)
            w.field("rule", rule)
            if let tokens { w.array("tokens", tokens) { w, token in w.value(token) } }
            w.field("source", source)
            w.field("interval", interval.rawValue)
            if let from { w.field("from", from.description) }
            if let to { w.field("to", to.description) }
            if let asOf { w.field("as_of", asOf.description) }
            w.field("cost_bps", costBasisPoints)
            w.field("warm_up", warmUp)
            w.field("folds", folds)
            w.field("cut_at_gap", cutsAtGap)
            w.field("seed", seed)
        }
    }
}
