/// How much of a Sharpe ratio, and of its lead over another, is luck of the days: the stationary bootstrap of
/// Politis and Romano. Blocks of geometric length are drawn with the same days for both rows, so that what
/// they have in common cancels out. The returns go in a circle.
///
/// A value that draws in steps, so that whoever runs it may pause between them.
package struct Bootstrap: Sendable {
    package static let meanBlock = 20

    package struct Interval: Equatable, Sendable {
        package let lower: Double
        package let median: Double
        package let upper: Double

        /// 2.5 %, half, 97.5 %.
        init?(_ values: [Double]) {
            let sorted = values.sorted()
            guard let lower = RiskMetrics.quantile(0.025, sorted),
                let median = RiskMetrics.quantile(0.5, sorted),
                let upper = RiskMetrics.quantile(0.975, sorted)
            else { return nil }
            (self.lower, self.median, self.upper) = (lower, median, upper)
        }
    }

    private let ours: [Double]
    private let theirs: [Double]
    private let root: Double
    private var generator: DrawGenerator
    private var sharpes: [Double] = []
    private var leads: [Double] = []
    private var drawdowns: [Double] = []
    package private(set) var draws = 0

    /// Two rows of returns of the same dates.
    package init(_ ours: [Double], against theirs: [Double], periodsPerYear: Double, seed: UInt64) {
        precondition(ours.count == theirs.count)
        (self.ours, self.theirs) = (ours, theirs)
        root = periodsPerYear.squareRoot()
        generator = DrawGenerator(seed: seed)
    }

    package mutating func draw(_ count: Int) {
        guard ours.count > 1 else { return }
        for _ in 0..<count { drawOnce() }
    }

    private mutating func drawOnce() {
        var (mine, other) = (RunningMoments(), RunningMoments())
        var (equity, peak, deepest) = (1.0, 1.0, 0.0)
        var place = 0
        for day in ours.indices {
            let isNewBlock = day == 0 || generator.index(below: Self.meanBlock) == 0
            place = isNewBlock ? generator.index(below: ours.count) : place + 1
            if place == ours.count { place = 0 }
            mine.add(ours[place])
            other.add(theirs[place])
            equity *= 1 + ours[place]
            peak = max(peak, equity)
            deepest = min(deepest, equity / peak - 1)
        }
        draws += 1
        drawdowns.append(deepest)
        guard let mine = mine.ratio else { return }
        sharpes.append(mine * root)
        if let other = other.ratio { leads.append((mine - other) * root) }
    }

    package var sharpe: Interval? { Interval(sharpes) }
    package var drawdown: Interval? { Interval(drawdowns) }
    /// Our Sharpe ratio less the other one.
    package var lead: Interval? { Interval(leads) }
    /// Part of the draws in which we were not better.
    package var notBetter: Double? {
        RiskMetrics.ratio(Double(leads.count { $0 <= 0 }), Double(leads.count))
    }
}

/// Mean over sample standard deviation, in one pass.
struct RunningMoments {
    private var count = 0.0
    private var mean = 0.0
    private var squares = 0.0

    @inline(__always)
    mutating func add(_ value: Double) {
        count += 1
        let distance = value - mean
        mean += distance / count
        squares += distance * (value - mean)
    }

    var ratio: Double? { RiskMetrics.ratio(mean, count > 1 ? (squares / (count - 1)).squareRoot() : nil) }
}
