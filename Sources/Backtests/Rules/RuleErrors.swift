import Expressions
import Kernel
import Signals

/// How a condition stands at a bar.
enum BarTruth {
    case holds(Bool)
    /// Something that it reads has no value there, as an indicator at its beginning.
    case unknown
    /// All is there, and yet it comes to nothing, as a division by zero does.
    case failed(EvaluationError)
}

/// A condition that failed at a bar: a mistake of the rule.
package struct RuleError: Equatable, Sendable {
    /// Which one of the rule's conditions.
    let place: Int
    let error: EvaluationError
}

/// Bars at which a rule's conditions failed.
struct RuleErrors: Equatable, Sendable {
    struct First: Equatable, Sendable {
        let symbol: String
        let time: Timestamp
        let error: RuleError
    }

    private var bars = 0
    private var failed = 0
    /// Where each condition failed first, in the order in which they did.
    private var firsts: [First] = []
    /// Conditions that came to something.
    private var sound: Set<Int> = []

    mutating func take(_ token: TokenBars, _ decisions: [Decision]) {
        for (candle, decision) in zip(token.candles, decisions) {
            bars += 1
            for (place, value) in decision.reading.enumerated() where value != nil { sound.insert(place) }
            if !decision.errors.isEmpty { failed += 1 }
            for error in decision.errors where !firsts.contains(where: { $0.error.place == error.place }) {
                firsts.append(First(symbol: token.symbol, time: candle.openTime, error: error))
            }
        }
    }

    /// A condition that never came to anything but an error: there is no rule to be measured.
    func hopeless(_ rule: TradingRule) -> RuleFailure? {
        guard let first = firsts.first(where: { !sound.contains($0.error.place) }) else { return nil }
        let field = rule.conditions[first.error.place].field
        return RuleFailure(
            message: "\(field) fails at every bar where all that it reads has a value; first, "
                + Self.sentence(first, rule))
    }

    func sentence(_ rule: TradingRule) -> String? {
        firsts.first.map {
            "the rule failed at \(failed) of \(bars) bars, and what failed had no value there; first, "
                + Self.sentence($0, rule)
        }
    }

    private static func sentence(_ first: First, _ rule: TradingRule) -> String {
        let (field, condition) = rule.conditions[first.error.place]
        return "\(field) of \(first.symbol) at \(first.time): \(condition.text(of: first.error.error))"
    }
}
