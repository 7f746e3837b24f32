package import Kernel

/// What changes when candles (or the market's readings) of the past turn out to be others: the old and the
/// new course run side by side from a copy that was kept before the first difference, until both have
/// forgotten it.
package struct Revision: Equatable, Sendable {
    /// Steps at once; what is longer is a job's.
    package static let mostSteps = 5_000

    /// The new outcome of every candle for which it is not bit-equal to the old one.
    package private(set) var changed: [BarOutcome] = []
    /// Open times that had an outcome and have none any more.
    package private(set) var removed: [Timestamp] = []
    /// True when the two courses are bit-equal from here on: what is stored of later candles stands. False
    /// when the new course ends, or the limit is reached, before that.
    package private(set) var isConverged = false
    /// The new course after the last step that was taken.
    package private(set) var analysis: SeriesAnalysis

    /// `was` and `now` are all steps from the first difference on, in the order of time. Where both courses
    /// stand at the same candle in the same state and the rest is the same, nothing can differ any more.
    package init(
        from snapshot: SeriesAnalysis, was: [SeriesAnalysis.Step], now: [SeriesAnalysis.Step],
        limit: Int = mostSteps
    ) {
        var old = snapshot
        analysis = snapshot
        var oldIndex = 0
        let tail = Self.commonTail(was, now)
        for (index, step) in now.enumerated().prefix(limit) {
            while oldIndex < was.count, was[oldIndex].candle.openTime < step.candle.openTime {
                removed.append(old.update(was[oldIndex]).time)
                oldIndex += 1
            }
            var before: BarOutcome?
            if oldIndex < was.count, was[oldIndex].candle.openTime == step.candle.openTime {
                before = old.update(was[oldIndex])
                oldIndex += 1
            }
            let outcome = analysis.update(step)
            if outcome != before { changed.append(outcome) }
            let isSameAhead = index + 1 >= now.count - tail && oldIndex >= was.count - tail
            if isSameAhead && before != nil && old == analysis {
                isConverged = true
                return
            }
        }
        if now.count <= limit { removed += was[oldIndex...].map(\.candle.openTime) }
    }

    private static func commonTail(_ a: [SeriesAnalysis.Step], _ b: [SeriesAnalysis.Step]) -> Int {
        zip(a.reversed(), b.reversed()).prefix { $0 == $1 }.count
    }
}
