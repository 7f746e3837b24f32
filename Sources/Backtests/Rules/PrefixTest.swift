package import Kernel
package import Signals

/// Does a rule decide at a close what it would have decided had the candles ended there? It is run again on
/// the candles up to that close alone (the market's as well) and has to come to the same, bit by bit.
package struct PrefixTest: Equatable, Sendable {
    /// A token with up to so many bars is asked at every one of them.
    package static let exhaustiveBars = 300
    /// Bars that a longer one is asked at.
    package static let sampledBars = 24

    package struct Difference: Equatable, Sendable {
        package let symbol: String
        package let time: Timestamp
    }

    package private(set) var checked = 0
    /// Every bar of every token was asked.
    package private(set) var isExhaustive = true
    package private(set) var differences: [Difference] = []

    package init() {}

    package var passes: Bool { differences.isEmpty }

    package mutating func check(
        _ rule: TradingRule, _ token: TokenBars, market: [Candle], against decisions: [Decision]
    ) throws {
        let places = Self.places(decisions)
        isExhaustive = isExhaustive && places.count == decisions.count
        for place in places {
            let last = token.candles[place]
            // All that the market may have said is what it had said by then.
            let gate = MarketGate(
                token.interval, rule.readsMarket ? market.prefix { $0.openTime <= last.openTime } : [])
            var stream = RuleStream(rule, token.interval)
            var decision: Decision?
            for candle in token.candles[...place] {
                decision = try stream.update(RuleBar(candle, gate.reading(at: candle.openTime)))
            }
            checked += 1
            if decision != decisions[place] {
                differences.append(Difference(symbol: token.symbol, time: last.openTime))
            }
        }
    }

    /// All bars of a short token; of a long one the ends, bars spread evenly, and as many where the position
    /// changes, which is where a rule that looks ahead gives itself away.
    static func places(_ decisions: [Decision]) -> [Int] {
        let count = decisions.count
        guard count > exhaustiveBars else { return Array(decisions.indices) }
        let half = sampledBars / 2
        let spread = (0..<half).map { (count - 1) * $0 / (half - 1) }
        let changes = decisions.indices.dropFirst().filter {
            decisions[$0].isHeld != decisions[$0 - 1].isHeld
        }
        let few = changes.count <= half ? changes : (0..<half).map { changes[changes.count * $0 / half] }
        return Set(spread + few).sorted()
    }
}
