import Access
import Events
import JSON
import Kernel
import Postgres

/// One bounded step of a series' analysis, in one transaction: locks the series, reads the next candles from
/// where it is dirty, and writes what differs from what is stored, with its events.
struct AnalysisStep {
    /// State of a series' analysis, kept between steps. It stands before the first candle that is not seen.
    struct Kept {
        var analysis: SeriesAnalysis
        /// `series.analysed` when it was the state of what was stored.
        var analysed: Int64
        /// Candles since the state that is stored.
        var unsaved: Int
    }

    enum Outcome {
        /// Nothing to do, or somebody else is at it.
        case idle
        case done(Kept, marked: [Int])
        /// The candles go on.
        case more(Kept, marked: [Int])
        /// The state before that candle is needed first.
        case behind(Timestamp, analysed: Int64)
        /// The market's candles are others than those that were read.
        case outdatedGate
    }

    let known: SeriesRecord
    let gate: MarketGates.Kept
    let models: GradeModels
    /// What stands for each model in rows.
    let numbers: [GradeModel: Int]
    let newID: () -> SignalID

    nonisolated(nonsending) func run(_ kept: Kept?, now: Timestamp, in change: Change) async throws -> Outcome
    {
        let transaction = change.transaction
        guard let locked = try await SeriesQueue.lock(known, in: transaction),
            let from = locked.series.dirtyFrom
        else { return .idle }
        let series = locked.series
        // The row's lock came first: whoever marks this series for a new reading of the gate holds it.
        let market = try await MarketGates.market(series.source, series.interval, in: transaction)
        guard market?.id == gate.series?.id, market?.version == gate.series?.version else {
            return .outdatedGate
        }
        guard var (analysis, unsaved) = start(kept, series, from) else {
            return .behind(from, analysed: series.analysed)
        }
        // The series moved on between the two looks at it.
        guard gate.reaches(after: analysis.time) else { return .outdatedGate }
        let candles = try await CandlePages.read(
            series.id, after: analysis.time ?? .never, in: transaction)
        let isLast = candles.count < CandlePages.size
        let newest = isLast ? candles.suffix(1) : []
        var outcomes = analysis.update(candles.dropLast(newest.count), gate: gate.gate)
        let levels = newest.isEmpty ? nil : analysis.levels
        unsaved += candles.count
        // Without the newest candle: the market's may come after it, and brings it again.
        let saved = isLast && unsaved >= AnalysisStates.every ? SavedState(analysis) : nil
        if saved != nil { unsaved = newest.count }
        outcomes += analysis.update(newest, gate: gate.gate)
        try await AnalysisWrite(
            series: series, from: from, numbers: numbers, now: now, first: series.firstOpen ?? from,
            newID: newID
        ).run(outcomes, analysis, isLast: isLast, levels: levels, in: change)
        try await SeriesQueue.mark(locked.dependents, from: from, in: transaction)
        let next = isLast ? nil : candles.last.map { $0.openTime + series.interval.period }
        try await SeriesQueue.advance(
            series.id, from: from, to: next, newest: outcomes.last?.grades ?? [], in: transaction)
        if let saved { try await AnalysisStates.write(saved, series: series.id, in: transaction) }
        let after = Kept(analysis: analysis, analysed: series.analysed + 1, unsaved: unsaved)
        return isLast ? .done(after, marked: locked.dependents) : .more(after, marked: locked.dependents)
    }

    /// The state before `from`; nil when it has to be made first.
    private func start(
        _ kept: Kept?, _ series: SeriesRecord, _ from: Timestamp
    ) -> (analysis: SeriesAnalysis, unsaved: Int)? {
        if let kept, kept.analysed == series.analysed, kept.analysis.time.map({ $0 < from }) ?? true {
            return (kept.analysis, kept.unsaved)
        }
        let isFromStart = series.firstOpen.map { from <= $0 } ?? true
        return isFromStart ? (SeriesAnalysis(series.interval, models: models), 0) : nil
    }
}
