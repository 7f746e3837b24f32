import Access
import Glibc
import JSON
import Kernel
import Signals

/// The Investor Grade v0 of one token and day, 0 to 100, unrounded, with all that it was made of.
struct InvestorGrade: Equatable, Sendable {
    static let model = "investor/v0"
    /// With less than half of the weights there is no grade: it would say little of the token.
    static let leastWeight = 0.5
    /// Daily returns, of 365, without which their ratio is not told.
    static let leastReturns = 330
    /// Days, of 90, without which the volume is not told.
    static let leastVolumes = 60

    /// In the model's order.
    enum Component: String, CaseIterable, Sendable {
        case momentum
        case riskAdjusted = "risk_adjusted"
        case drawdown, liquidity, fundamentals

        var weight: Double {
            switch self {
            case .momentum, .riskAdjusted: 0.25
            case .drawdown, .liquidity: 0.15
            case .fundamentals: 0.20
            }
        }

        var formula: String {
            switch self {
            case .momentum: "100*percentile(mean(return90,return180,return365))"
            case .riskAdjusted: "100*clamp((sortino365+0.5)/3)"
            case .drawdown: "100*clamp(1+log10(1+drawdown365))"
            case .liquidity: "100*percentile(median90(close*volume))"
            case .fundamentals: "mean of names(mean of sources(value))"
            }
        }
    }

    /// What a component was made of; nil where that is not known.
    struct Part: Equatable, Sendable {
        var input: Double?
        var score: Double?
    }

    var parts: [Component: Part]
    /// Facts that counted.
    var facts: Int
    /// Daily candles of the last year.
    var candles: Int
    /// The first of them; nil of what was stored before that was.
    var first: Timestamp?
    var missingLast100: Int?

    /// Weight of the components that have a score.
    private var scored: Double {
        Component.allCases.reduce(0) { $0 + (parts[$1]?.score == nil ? 0 : $1.weight) }
    }

    /// Nil when too little is known.
    var value: Double? {
        guard scored >= Self.leastWeight else { return nil }
        return Component.allCases.reduce(0) { $0 + contribution($1) }
    }

    var dataQuality: Double { min(100, 100 * scored) }

    /// The weight after those of missing components were shared among the others.
    func weight(_ component: Component) -> Double {
        parts[component]?.score == nil ? 0 : component.weight / scored
    }

    /// One sentence made from the three largest contributions.
    func sentence(_ value: Double) -> String {
        let parts = Component.allCases.map {
            GradeSentence.Part(name: $0.rawValue, weight: weight($0), contribution: contribution($0))
        }
        return GradeSentence(value, parts).text
    }

    func contribution(_ component: Component) -> Double {
        weight(component) * (parts[component]?.score ?? 0)
    }

    /// FNV-1a, 64 bits, of everything that the model's numbers depend on: another hash is another model.
    static let parameterHash: String = {
        let parts = Component.allCases.map { "\($0.rawValue):\($0.weight):\($0.formula)" }
        let text = "\(model)|\(leastWeight)|\(leastReturns)|\(leastVolumes)|" + parts.joined(separator: "|")
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }()
}

/// What is known of one token on a day, before it is compared with others.
struct InvestorInputs: Equatable, Sendable {
    var token: TokenID
    var time: Timestamp
    var candles: Int
    /// The first candle of the last year.
    var first: Timestamp?
    /// Candles that there are among the last 100.
    var inLast100 = 0
    /// The mean of the returns over 90, 180 and 365 days; nil unless there are all three.
    var momentum: Double?
    /// Of the last year's daily returns.
    var sortino: Double?
    /// A year without any fall, which no ratio can tell.
    var neverFell = false
    /// The worst fall from a high before it within the year, -0.4 is 40 %.
    var drawdown: Double?
    /// The median of the last 90 days' close times volume.
    var volume: Double?
    var fundamentals: Double?
    var facts = 0
}

extension InvestorInputs {
    /// Of the last 100 days, or of those since the first candle.
    var missingLast100: Int? {
        first.map { min(100, Interval.day.steps(from: $0, to: time) + 1) - inLast100 }
    }
}

extension InvestorGrade {
    /// Of all tokens of a market on a day: two components are places among them.
    static func grades(_ tokens: [InvestorInputs]) -> [(inputs: InvestorInputs, grade: InvestorGrade)] {
        let momentum = Percentiles(tokens.compactMap(\.momentum))
        let volume = Percentiles(tokens.compactMap(\.volume))
        return tokens.map { token in
            var risk = token.sortino.map { 100 * clamp(($0 + 0.5) / 3) }
            if token.neverFell { risk = 100 }
            let parts: [Component: Part] = [
                .momentum: Part(input: token.momentum, score: token.momentum.map(momentum.percentile)),
                .riskAdjusted: Part(input: token.sortino, score: risk),
                .drawdown: Part(input: token.drawdown, score: token.drawdown.map(drawdownScore)),
                .liquidity: Part(input: token.volume, score: token.volume.map(volume.percentile)),
                .fundamentals: Part(input: token.fundamentals, score: token.fundamentals),
            ]
            let grade = InvestorGrade(
                parts: parts, facts: token.facts, candles: token.candles, first: token.first,
                missingLast100: token.missingLast100)
            return (token, grade)
        }
    }

    /// By how many times the price has to rise to be back: nothing is 100, tenfold is 0, and each doubling
    /// that is needed costs the same.
    static func drawdownScore(_ drawdown: Double) -> Double {
        let left = 1 + drawdown
        return left <= 0 ? 0 : 100 * clamp(1 + log10(left))
    }

    private static func clamp(_ value: Double) -> Double { min(max(value, 0), 1) }
}

/// Places among others, from 0 to 100, ties averaged: pandas' `rank(pct=True)`.
struct Percentiles: Sendable {
    private let sorted: [Double]

    init(_ values: [Double]) { sorted = values.sorted() }

    /// - Parameter value: one of them.
    func percentile(_ value: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        let (below, upTo) = (place { $0 < value }, place { $0 <= value })
        return 100 * (Double(below) + Double(upTo) + 1) / 2 / Double(sorted.count)
    }

    /// Of a value that need not be one of them.
    func place(of value: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        return 50 * Double(place { $0 < value } + place { $0 <= value }) / Double(sorted.count)
    }

    private func place(_ isBefore: (Double) -> Bool) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(sorted[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
