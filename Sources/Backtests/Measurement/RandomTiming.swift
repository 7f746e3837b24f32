/// Would the same number of days held, in the same runs, have done as well at another time? The positions are
/// shifted in a circle by chance, cost and all, and the portfolio's Sharpe ratio is asked for again: each
/// token by its own shift, and all tokens by one (which keeps them together, and is the stricter question).
///
/// A value that draws in steps, so that whoever runs it may pause between them.
package struct RandomTiming: Sendable {
    private let runs: [TokenRun]
    private let calendar: Portfolio.Calendar
    private let cost: Double
    private let actual: Double?
    private var generator: DrawGenerator
    private var asGoodAlone = 0
    private var asGoodTogether = 0
    package private(set) var draws = 0

    package init(_ runs: [TokenRun], costPerSide: Double, seed: UInt64) {
        self.runs = runs
        cost = costPerSide
        calendar = Portfolio.Calendar(runs.map(\.dates))
        generator = DrawGenerator(seed: seed)
        // By the same additions as the draws, so that an equal one counts as equal.
        actual = Self.ratio(of: runs, calendar, shifts: runs.map { _ in 0 }, cost: costPerSide)
    }

    package mutating func draw(_ count: Int) {
        guard let actual else { return }
        for _ in 0..<count {
            let alone = runs.map { generator.index(below: max($0.held.count, 1)) }
            let together = generator.index(below: max(calendar.dates.count, 1))
            if let ratio = ratio(alone), ratio >= actual { asGoodAlone += 1 }
            if let ratio = ratio(runs.map { _ in together }), ratio >= actual { asGoodTogether += 1 }
            draws += 1
        }
    }

    /// With one shift for each token.
    package var pPerToken: Double? { p(asGoodAlone) }
    /// With one shift for all.
    package var pCommon: Double? { p(asGoodTogether) }

    /// The order that happened counts as one of the draws, so that p is never 0.
    private func p(_ asGood: Int) -> Double? { draws == 0 ? nil : Double(1 + asGood) / Double(1 + draws) }

    private func ratio(_ shifts: [Int]) -> Double? {
        Self.ratio(of: runs, calendar, shifts: shifts, cost: cost)
    }

    private static func ratio(
        of runs: [TokenRun], _ calendar: Portfolio.Calendar, shifts: [Int], cost: Double
    ) -> Double? {
        var sums = Array(repeating: 0.0, count: calendar.dates.count)
        for (index, run) in runs.enumerated() {
            add(run, shifts[index], calendar.places[index], cost, to: &sums)
        }
        var moments = RunningMoments()
        for (sum, count) in zip(sums, calendar.counts) { moments.add(sum / Double(count)) }
        return moments.ratio
    }

    private static func add(
        _ run: TokenRun, _ shift: Int, _ places: [Int], _ cost: Double, to sums: inout [Double]
    ) {
        let days = run.held.count
        guard days > 0 else { return }
        var place = (days - shift % days) % days
        var before = false
        for day in 0..<days {
            let isHeld = run.held[place]
            place = place + 1 == days ? 0 : place + 1
            var growth = isHeld ? 1 + run.market[day] : 1
            if isHeld != before { growth *= 1 - cost }
            if isHeld, day == days - 1 { growth *= 1 - cost }
            sums[places[day]] += growth - 1
            before = isHeld
        }
    }
}
