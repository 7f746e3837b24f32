import Kernel

/// What a stretch of candles brought.
struct StretchOutcome {
    private(set) var bars: [BarOutcome] = []
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
        bars.reserveCapacity(bars.count + candles.count)
        for candle in candles where candle.closed {
            let before = candle.openTime < turnsFrom ? nil : analysis.levels
            let step = feed.step(candle)
            bars.append(analysis.update(step))
            last = (step, before)
            let moves = analysis.levelMoves(from: before)
            guard !moves.isEmpty else { continue }
            turns.append(LevelTurn(time: candle.openTime, levels: analysis.levels, moves: moves))
        }
    }
}
