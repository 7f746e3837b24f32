import Access
import Kernel

/// What one token of a market did in a week.
struct NarrativeReading: Equatable, Sendable {
    var weekReturn: Double?
    var isAbove: Bool?
    var volume: Double?
    var volumeBefore: Double?
}

/// How a theme does against its market, 0 to 100.
struct NarrativeScore: Equatable, Sendable {
    /// A fall of so many points within seven days is fading.
    static let fadingFall = 20.0
    static let week: Period = .days(7)

    /// The members' mean return over seven days, less that of all tokens; and the place of the members' mean
    /// among the returns of all tokens.
    let excessReturn: Double
    let returnPlace: Double
    /// Percent of members above the mean of their last 20 closes.
    let breadth: Double
    /// By how much the members' share of the market's volume changed against the week before; and the place
    /// of that among the same of all tokens.
    let shareChange: Double
    let sharePlace: Double
    /// Members that were measured.
    let members: Int

    var value: Double { 0.4 * returnPlace + 0.3 * breadth + 0.3 * sharePlace }

    func isFading(after before: NarrativeScore?) -> Bool {
        before.map { $0.value - value >= Self.fadingFall } ?? false
    }
}

/// All tokens of a market, among which themes have their places.
struct NarrativeMarket: Sendable {
    private let readings: [TokenID: NarrativeReading]
    private let returns: Percentiles
    private let meanReturn: Double
    private let volume: Double
    private let volumeBefore: Double
    private let shareChanges: Percentiles

    init(_ readings: [TokenID: NarrativeReading]) {
        self.readings = readings
        let weekReturns = readings.values.compactMap(\.weekReturn)
        returns = Percentiles(weekReturns)
        meanReturn = weekReturns.isEmpty ? 0 : weekReturns.reduce(0, +) / Double(weekReturns.count)
        // A token that was not there the week before has no share to compare with.
        let traded = readings.values.compactMap { reading in
            reading.volume.flatMap { now in reading.volumeBefore.map { (now: now, before: $0) } }
        }
        let (now, before) = traded.reduce((0.0, 0.0)) { ($0.0 + $1.now, $0.1 + $1.before) }
        (volume, volumeBefore) = (now, before)
        shareChanges = Percentiles(
            traded.compactMap { Self.change(of: $0.now, from: $0.before, now, before) })
    }

    /// Nil where a part of it cannot be told.
    func score(of members: Set<TokenID>) -> NarrativeScore? {
        let own = members.compactMap { readings[$0] }
        let weekReturns = own.compactMap(\.weekReturn)
        let above = own.compactMap(\.isAbove)
        let traded = own.filter { $0.volume != nil && $0.volumeBefore != nil }
        let now = traded.reduce(0) { $0 + ($1.volume ?? 0) }
        let before = traded.reduce(0) { $0 + ($1.volumeBefore ?? 0) }
        guard !weekReturns.isEmpty, !above.isEmpty,
            let change = Self.change(of: now, from: before, volume, volumeBefore)
        else { return nil }
        let mean = weekReturns.reduce(0, +) / Double(weekReturns.count)
        return NarrativeScore(
            excessReturn: mean - meanReturn, returnPlace: returns.place(of: mean),
            breadth: 100 * Double(above.count { $0 }) / Double(above.count), shareChange: change,
            sharePlace: shareChanges.place(of: change), members: weekReturns.count)
    }

    private static func change(
        of now: Double, from before: Double, _ all: Double, _ allBefore: Double
    ) -> Double? {
        guard before > 0, all > 0, allBefore > 0 else { return nil }
        return now / all / (before / allBefore) - 1
    }
}
