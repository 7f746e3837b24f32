import Glibc

/// What a row of periodic returns was like. The definitions are those of QuantStats with 365 periods a year
/// and no risk-free rate; what a formula cannot answer (too few returns, no losses, no spread) is nil.
package struct RiskMetrics: Equatable, Sendable {
    package static let daysPerYear = 365.0

    /// How many returns there were.
    package let count: Int
    /// All of them in a row: 0.5 is a gain of half.
    package let totalReturn: Double
    /// The total return as a yearly rate; the years are `count` over the periods of a year.
    package let cagr: Double?
    package let mean: Double?
    /// Sample standard deviation (n - 1).
    package let standardDeviation: Double?
    /// Standard deviation times √periods.
    package let volatility: Double?
    /// mean / standard deviation · √periods.
    package let sharpe: Double?
    /// mean / √(Σ min(r, 0)² / n) · √periods.
    package let sortino: Double?
    /// The deepest fall from a peak, 1 being the first: at most 0.
    package let maxDrawdown: Double
    /// Bias-corrected (Fisher-Pearson, G1).
    package let skew: Double?
    /// Excess, bias-corrected (G2).
    package let kurtosis: Double?
    /// The 5 % quantile of a normal distribution with this mean and standard deviation.
    package let valueAtRisk: Double?
    /// |95 % quantile / 5 % quantile|, linear between returns.
    package let tailRatio: Double?
    /// Sum of gains / |sum of losses|.
    package let profitFactor: Double?
    /// Mean gain / |mean loss|.
    package let payoffRatio: Double?
    /// mean / standard deviation, of one period.
    package let riskReturnRatio: Double?

    package init(_ returns: [Double], periodsPerYear: Double = daysPerYear) {
        let moments = Moments(returns)
        let root = periodsPerYear.squareRoot()
        count = returns.count
        let end = EquityCurve(returns).values.last ?? 1
        totalReturn = end - 1
        cagr = returns.isEmpty || end < 0 ? nil : pow(end, periodsPerYear / Double(returns.count)) - 1
        mean = moments.mean
        standardDeviation = moments.standardDeviation
        volatility = moments.standardDeviation.map { $0 * root }
        riskReturnRatio = Self.ratio(moments.mean, moments.standardDeviation)
        sharpe = riskReturnRatio.map { $0 * root }
        let downside = (returns.lazy.map { $0 < 0 ? $0 * $0 : 0 }.total / Double(returns.count)).squareRoot()
        sortino = Self.ratio(moments.mean, downside).map { $0 * root }
        maxDrawdown = EquityCurve(returns).maxDrawdown
        (skew, kurtosis) = (moments.skew, moments.kurtosis)
        valueAtRisk = moments.mean.flatMap { mean in
            moments.standardDeviation.map { mean + Self.normalQuantile5 * $0 }
        }
        let sorted = returns.sorted()
        tailRatio = Self.ratio(Self.quantile(0.95, sorted), Self.quantile(0.05, sorted)).map(abs)
        let (gains, losses) = (returns.filter { $0 > 0 }, returns.filter { $0 < 0 })
        profitFactor = Self.ratio(gains.total, -losses.total)
        payoffRatio =
            gains.isEmpty || losses.isEmpty
            ? nil
            : Self.ratio(
                gains.total / Double(gains.count), -losses.total / Double(losses.count))
    }

    /// Of the standard normal distribution at 5 %.
    private static let normalQuantile5 = -1.6448536269514729

    /// Nil where either is missing or the divisor is no number to divide by.
    static func ratio(_ a: Double?, _ b: Double?) -> Double? {
        guard let a, let b, b != 0 else { return nil }
        let ratio = a / b
        return ratio.isFinite ? ratio : nil
    }

    /// Linear between the two neighbours, as pandas and numpy have it. `sorted` rises.
    package static func quantile(_ share: Double, _ sorted: [Double]) -> Double? {
        guard !sorted.isEmpty else { return nil }
        let place = share * Double(sorted.count - 1)
        let below = Int(place.rounded(.down))
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }
}

/// The first four moments of a sample, with the bias corrected.
struct Moments: Equatable, Sendable {
    private(set) var mean: Double?
    private(set) var standardDeviation: Double?
    private(set) var skew: Double?
    private(set) var kurtosis: Double?

    init(_ values: [Double]) {
        let n = Double(values.count)
        guard n > 0 else { return }
        let mean = values.total / n
        self.mean = mean
        guard n > 1 else { return }
        let second = values.lazy.map { ($0 - mean) * ($0 - mean) }.total
        standardDeviation = (second / (n - 1)).squareRoot()
        // A spread of rounding errors has no shape.
        guard second.squareRoot() > abs(mean) * 1e-14 else { return }
        if n > 2 {
            let third = values.lazy.map { pow($0 - mean, 3) }.total
            skew = n * (n - 1).squareRoot() / (n - 2) * third / pow(second, 1.5)
        }
        if n > 3 {
            let fourth = values.lazy.map { pow($0 - mean, 4) }.total
            let corrected = n * (n + 1) * (n - 1) * fourth / ((n - 2) * (n - 3) * second * second)
            kurtosis = corrected - 3 * (n - 1) * (n - 1) / ((n - 2) * (n - 3))
        }
    }
}
