import Access
import Events
import Kernel

/// A series whose candles are gone through once more, each as if it came when it closed.
struct RetoldSeries: Sendable {
    let series: SeriesRecord
    private let feed: SeriesFeed
    private let types: Set<EventType>
    private var analysis: SeriesAnalysis

    /// - Parameter analysis: as it stands before the candles that come.
    init(
        _ series: SeriesRecord, _ analysis: SeriesAnalysis, _ feed: SeriesFeed, telling types: Set<EventType>
    ) {
        (self.series, self.analysis, self.feed, self.types) = (series, analysis, feed, types)
    }

    /// Candles of which nothing is told.
    mutating func pass(_ candles: [Candle]) { _ = analysis.update(candles, feed) }

    /// What the close of the next candle tells, in the order in which it is told when a candle comes.
    mutating func take(_ candle: Candle) -> [NewEvent] {
        let before = readsLevels ? analysis.levels : nil
        let step = feed.step(candle)
        let outcome = analysis.update(step)
        var told: [NewEvent] = []
        if types.contains(.gradeChanged), let row = outcome.grade.map(GradeRow.init),
            row.value != row.previous
        {
            told.append(words.changed(row, isRetroactive: false))
        }
        told += moves(from: before, at: candle)
        told += outcome.changes.compactMap { event(of: $0) }
        if types.contains(.marketClosed), let grade = outcome.grade {
            told.append(words.closed(step, grade, before, analysis.openSignals))
        }
        return told.filter { types.contains($0.type) }
    }

    private var words: AnalysisEvents { AnalysisEvents(series: series) }

    private var tellsMoves: Bool { types.contains(.levelApproached) || types.contains(.levelBroken) }
    /// They cost more than all else of a candle.
    private var readsLevels: Bool { tellsMoves || types.contains(.marketClosed) }

    private func moves(from before: Levels?, at candle: Candle) -> [NewEvent] {
        guard tellsMoves else { return [] }
        let moves = analysis.levelMoves(from: before)
        if moves.isEmpty { return [] }
        let turn = LevelTurn(time: candle.openTime, levels: analysis.levels, moves: moves)
        return moves.map { words.moved($0, turn, isRetroactive: false) }
    }

    private func event(of change: SignalChange) -> NewEvent? {
        switch change {
        case .opened(let signal): words.opened(signal, id(of: signal), isRetroactive: false)
        case .closed(let signal):
            signal.end.map { words.ended(signal, $0, id(of: signal), isRetroactive: false) }
        // That no candle came is told by time, and not by a close.
        case .stale, .filled, .exitFilled: nil
        }
    }

    /// The same whenever it is told, and none of a signal that is stored.
    private func id(of signal: Signal) -> SignalID {
        let number = UInt64(series.id) << 1 | (signal.direction == .bullish ? 0 : 1)
        return SignalID(UUID(at: signal.decisionCandle, number: number))
    }
}
