import Kernel

/// What a stretch of candles brought: of each candle what is stored of it, of the last one all.
struct StretchOutcome {
    /// Open times of the first candle and the last.
    private(set) var span: ClosedRange<Timestamp>?
    /// Of all models, candle by candle.
    private(set) var grades: [GradeRow] = []
    /// Signals that were decided or changed, as they were left.
    private(set) var signals: [SignalKey: Signal] = [:]
    /// Of the last candle, the told model's first.
    private(set) var newest: [Grade] = []
    private(set) var turns: [LevelTurn] = []
    /// The newest candle, and the levels that it met.
    private(set) var last: (step: SeriesAnalysis.Step, levels: Levels?)?
    /// Older candles' turns are told nowhere, and not looked for: the levels of a candle cost more than all
    /// else of it.
    private let turnsFrom: Timestamp

    init(turnsFrom: Timestamp) { self.turnsFrom = turnsFrom }

    mutating func follow(
        _ candles: some Collection<Candle>, _ analysis: inout SeriesAnalysis, _ feed: SeriesFeed
    ) {
        grades.reserveCapacity(grades.count + candles.count * analysis.models.computed.count)
        for candle in candles where candle.closed {
            let before = candle.openTime < turnsFrom ? nil : analysis.levels
            let step = feed.step(candle)
            note(analysis.update(step))
            last = (step, before)
            let moves = analysis.levelMoves(from: before)
            guard !moves.isEmpty else { continue }
            turns.append(LevelTurn(time: candle.openTime, levels: analysis.levels, moves: moves))
        }
    }

    private mutating func note(_ bar: BarOutcome) {
        span = (span?.lowerBound ?? bar.time)...bar.time
        newest = bar.grades
        for grade in newest { grades.append(GradeRow(grade)) }
        for result in bar.results {
            for change in result.changes { signals[SignalKey(change.signal)] = change.signal }
        }
    }
}
