package import Kernel
package import Signals

/// Does a rule decide at a close what it would have decided had the candles ended there? At every close of
/// every token it is asked again by a run that has been given nothing later, of the market neither; and at
/// some of them by one that begins anew and ends there. Both have to come to the same, bit by bit.
package struct PrefixTest: Equatable, Sendable {
    /// A token with up to so many bars is begun anew for every one of them.
    static let anewBars = 300
    /// Bars that a longer one is begun anew for.
    static let sampledBars = 24

    package struct Difference: Equatable, Sendable {
        package let symbol: String
        package let time: Timestamp
    }

    package private(set) var checked = 0
    package private(set) var differences: [Difference] = []

    package init() {}

    package var passes: Bool { differences.isEmpty }

    package mutating func check(
        _ rule: TradingRule, _ token: TokenBars, market: [Candle], against decisions: [Decision]
    ) throws {
        let anew = Set(Self.places(decisions))
        // All that the market may have said at a close is what it had said by then.
        var gate = MarketGate(token.interval)
        var told = rule.readsMarket ? market[...] : []
        var stream = RuleStream(rule, token.interval)
        for (place, candle) in token.candles.enumerated() {
            while let next = told.first, next.openTime <= candle.openTime {
                gate.update(told.removeFirst())
            }
            let bar = RuleBar(candle, gate.reading(at: candle.openTime))
            var found = [try stream.update(bar)]
            if anew.contains(place) { found.append(try last(rule, token, place, gate)) }
            checked += 1
            if found.contains(where: { $0 != decisions[place] }) {
                differences.append(Difference(symbol: token.symbol, time: candle.openTime))
            }
        }
    }

    /// What a run comes to that ends at a bar.
    private func last(
        _ rule: TradingRule, _ token: TokenBars, _ place: Int, _ gate: MarketGate
    ) throws -> Decision {
        var stream = RuleStream(rule, token.interval)
        for candle in token.candles[..<place] {
            _ = try stream.update(RuleBar(candle, gate.reading(at: candle.openTime)))
        }
        let candle = token.candles[place]
        return try stream.update(RuleBar(candle, gate.reading(at: candle.openTime)))
    }

    /// All bars of a short token; of a long one the ends, bars spread evenly, and as many where the position
    /// changes, which is where a rule that looks ahead gives itself away.
    static func places(_ decisions: [Decision]) -> [Int] {
        let count = decisions.count
        guard count > anewBars else { return Array(decisions.indices) }
        let half = sampledBars / 2
        let spread = (0..<half).map { (count - 1) * $0 / (half - 1) }
        let changes = decisions.indices.dropFirst().filter {
            decisions[$0].isHeld != decisions[$0 - 1].isHeld
        }
        let few = changes.count <= half ? changes : (0..<half).map { changes[changes.count * $0 / half] }
        return Set(spread + few).sorted()
    }
}
