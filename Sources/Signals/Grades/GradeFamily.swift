/// One of the three families of the Trader Grade v1. Each asks the same question over several spans, so that
/// no span is picked; families weigh the same, and the leaves of a family weigh the same.
package enum GradeFamily: String, CaseIterable, Sendable {
    /// Where in its range the close is.
    case channel
    /// How far it went, measured by its own noise.
    case momentum
    /// Whether the move is gathering or fading.
    case acceleration

    static let horizons = [10, 20, 40, 80]
    /// Half, standard and double MACD.
    static let macds: [(fast: Int, slow: Int, signal: Int)] = [(6, 13, 5), (12, 26, 9), (24, 52, 18)]
    /// A histogram of this many ATR14 is a full score.
    static let band = 0.25
    static let atrPeriod = 14

    /// Where the family's leaves stand among all.
    var range: Range<Int> {
        let horizons = Self.horizons.count
        return switch self {
        case .channel: 0..<horizons
        case .momentum: horizons..<2 * horizons
        case .acceleration: 2 * horizons..<2 * horizons + Self.macds.count
        }
    }

    var formula: String {
        switch self {
        case .channel: "100*clamp((close-lowest)/(highest-lowest))"
        case .momentum: "50+50*clip(change/noise,-1,1)"
        case .acceleration: "50+50*clip(histogram/(0.25*atr14),-1,1)"
        }
    }
}

/// A leaf of the Trader Grade v1: one family over one span.
struct GradeLeaf: Sendable {
    let family: GradeFamily
    let name: String
    /// Candles that a score is made of; recursive averages also carry what came before.
    let count: Int

    /// In the order in which scores are added.
    static let all: [GradeLeaf] =
        [GradeFamily.channel, .momentum].flatMap { family in
            GradeFamily.horizons.map { GradeLeaf(family: family, name: "\(family)_\($0)", count: $0 + 1) }
        }
        + GradeFamily.macds.map { macd in
            GradeLeaf(
                family: .acceleration, name: "acceleration_\(macd.fast)_\(macd.slow)_\(macd.signal)",
                count: max(macd.slow + macd.signal - 1, GradeFamily.atrPeriod + 1))
        }
}

/// What a leaf says at one candle, and the two numbers that it says so from: highest and lowest, change and
/// noise, histogram and ATR14.
struct LeafReading: Equatable, Sendable {
    var first: Double?
    var second: Double?
    /// 0 to 100; nil where there are too few candles, or the formula has no answer.
    var score: Double?

    /// The close in the range of the candles before it.
    static func channel(_ close: Double, highest: Double?, lowest: Double?) -> LeafReading {
        var reading = LeafReading(first: highest, second: lowest)
        guard let highest, let lowest, highest > lowest else { return reading }
        reading.set(100 * min(max((close - lowest) / (highest - lowest), 0), 1))
        return reading
    }

    /// A change over its noise, or a histogram over its band.
    static func ratio(_ first: Double?, _ second: Double?, over scale: Double = 1) -> LeafReading {
        var reading = LeafReading(first: first, second: second)
        guard let first, let second, second > 0 else { return reading }
        reading.set(50 + 50 * min(max(first / (scale * second), -1), 1))
        return reading
    }

    /// Numbers near the end of a double's range may come to no number on the way: no answer either.
    private mutating func set(_ score: Double) { self.score = score.isFinite ? score : nil }
}

/// Means over the leaves that exist and over the families that have one, added in the table's order.
struct FamilyMeans: Equatable, Sendable {
    struct Mean: Equatable, Sendable {
        /// Nil when no leaf exists.
        var score: Double?
        var existing = 0
    }

    private(set) var families: [Mean] = []
    private(set) var value: Double?
    private(set) var existing = 0
    /// 0 to 1: the mean of the families' shares of leaves that exist.
    private(set) var quality = 0.0

    init(_ leaves: [LeafReading]) {
        var (points, shares) = (0.0, 0.0)
        for family in GradeFamily.allCases {
            var (sum, mean) = (0.0, Mean())
            for index in family.range {
                guard let score = leaves[index].score else { continue }
                sum += score
                mean.existing += 1
            }
            shares += Double(mean.existing) / Double(family.range.count)
            if mean.existing > 0 {
                let score = sum / Double(mean.existing)
                mean.score = score
                points += score
                existing += 1
            }
            families.append(mean)
        }
        quality = shares / Double(GradeFamily.allCases.count)
        if existing > 0 { value = points / Double(existing) }
    }
}
