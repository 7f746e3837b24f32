import Indicators

/// How much there is behind a signal when it is decided, 0 to 100, with its parts. It is no probability: how
/// it did is published beside it (`/v1/signals/calibration`).
package struct Confidence: Equatable, Sendable {
    package enum Part: String, CaseIterable, Sendable {
        case dataQuality = "data_quality"
        case history
        case agreement

        package var weight: Double {
            switch self {
            case .dataQuality, .agreement: 0.30
            case .history: 0.40
            }
        }
    }

    /// 0 to 100 each; nil where it cannot be told.
    package var dataQuality: Double
    package var history: Double?
    package var agreement: Double?

    package func value(of part: Part) -> Double? {
        switch part {
        case .dataQuality: dataQuality
        case .history: history
        case .agreement: agreement
        }
    }

    /// The weight of a part that cannot be told is shared among the others.
    package var value: Double {
        var (sum, weights) = (0.0, 0.0)
        for part in Part.allCases {
            guard let value = value(of: part) else { continue }
            sum += part.weight * value
            weights += part.weight
        }
        return weights > 0 ? min(max(sum / weights, 0), 100) : 0
    }
}

/// What the earlier signals of one model on one series brought, net of costs.
struct TradeHistory: Equatable, Sendable {
    /// Trades that the pool counts for.
    static let poolTrades = 10.0

    private(set) var gains = 0.0
    private(set) var losses = 0.0
    private(set) var trades = 0

    mutating func add(_ net: Double) {
        trades += 1
        if net > 0 { gains += net } else { losses -= net }
    }

    /// 100 times the part of gains in all that was won and lost, which is PF/(1+PF), drawn towards that of
    /// the pool while there are few trades.
    func score(pool profitFactor: Double) -> Double {
        let pool = profitFactor / (1 + profitFactor)
        let moved = gains + losses
        let own = moved > 0 ? gains / moved : pool
        let count = Double(trades)
        return 100 * (count * own + Self.poolTrades * pool) / (count + Self.poolTrades)
    }
}

extension GradeModel {
    /// The profit factor of all tokens together. Of days it is what decision 0012 measured with the market
    /// gate, on the candles that the models were chosen on; of other intervals nothing was measured, and
    /// gains count as large as losses. A constant, so that a signal depends on its own candles and the
    /// market's only.
    func poolProfitFactor(_ interval: Interval) -> Double {
        guard interval == .day else { return 1 }
        return switch self {
        case .traderV0: 5.25
        case .traderV1: 6.17
        }
    }
}

extension TradeHistory {
    mutating func walk(_ state: inout StateWalk) {
        state.pass(&gains)
        state.pass(&losses)
        state.pass(&trades)
    }
}
