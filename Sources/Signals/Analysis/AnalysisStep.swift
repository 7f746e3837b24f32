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
        /// No state is stored from there on; nil: that is not known.
        var clear: Timestamp?
    }

    enum Outcome {
        /// Nothing to do, or somebody else is at it.
        case idle
        /// All is as it should be. The state is nil where it stands in the middle of the series: from there
        /// on nothing changed.
        case done(Kept?, marked: SeriesQueue.Dependents)
        /// The candles go on.
        case more(Kept, marked: SeriesQueue.Dependents)
        /// The newest candle waits for the market's.
        case held(Kept, until: Timestamp, marked: SeriesQueue.Dependents)
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
    let supplied: SuppliedLookup
    let newID: () -> SignalID

    nonisolated(nonsending) func run(_ kept: Kept?, clock: Clock, in change: Change) async throws -> Outcome {
        let transaction = change.transaction
        guard let locking = SeriesQueue.lock(known, in: transaction) else { return .idle }
        // The row's lock comes first: whoever marks this series for a new reading of the gate holds it.
        let asking = MarketGates.ask(known.source, known.interval, in: transaction)
        guard let locked = SeriesQueue.locked(known, try await locking.rows()),
            let from = locked.series.dirtyFrom
        else { return .idle }
        let (series, now) = (locked.series, max(clock.now(), locked.updatedAt))
        let market = try await asking.rows().first.flatMap(SeriesRecord.init)
        guard market?.id == gate.series?.id, market?.version == gate.series?.version else {
            return .outdatedGate
        }
        guard var state = start(kept, series, from) else {
            return .behind(from, analysed: series.analysed)
        }
        // The series moved on between the two looks at it.
        guard gate.reaches(after: state.analysis.time) else { return .outdatedGate }
        var stretch = try await AnalysisStretch.read(
            series, after: state.analysis.time, from: from, clear: state.clear, in: transaction)
        if gate.series?.id != series.id {
            try await stretch.hold(series, market: gate.last, now: now, in: transaction)
        }
        if let until = stretch.heldUntil, stretch.candles.isEmpty {
            return .held(state, until: until, marked: .init())
        }
        let isSame = try await follow(stretch, &state, locked, now, in: change)
        try await markDependents(locked, from, in: transaction)
        state.analysed = series.analysed + 1
        if let until = stretch.heldUntil { return .held(state, until: until, marked: locked.dependents) }
        if isSame { return .done(nil, marked: locked.dependents) }
        change.mayBeDoneAgain = !stretch.isLast
        return stretch.isLast
            ? .done(state, marked: locked.dependents) : .more(state, marked: locked.dependents)
    }

    /// The state before `from`; nil when it has to be made first.
    private func start(_ kept: Kept?, _ series: SeriesRecord, _ from: Timestamp) -> Kept? {
        if let kept, kept.analysed == series.analysed, kept.analysis.time.map({ $0 < from }) ?? true {
            return kept
        }
        let isFromStart = series.firstOpen.map { from <= $0 } ?? true
        guard isFromStart else { return nil }
        return Kept(
            analysis: SeriesAnalysis(series.interval, models: models), analysed: series.analysed, unsaved: 0)
    }

    /// What hangs on the market's candles is told once how far their changes reach, by the first step that
    /// comes by them.
    private nonisolated(nonsending) func markDependents(
        _ locked: SeriesQueue.Locked, _ from: Timestamp, in transaction: Transaction
    ) async throws {
        let isTold = locked.reach.pending == nil && locked.reach.course != nil
        let dependents = locked.dependents.all
        guard !dependents.isEmpty, !isTold else { return }
        let reach = try await SeriesQueue.gateReach(
            of: locked.series.id, changedTo: locked.reach.pending, in: transaction)
        try await SeriesQueue.mark(dependents, from: from, to: reach, in: transaction)
    }
}

// MARK: Candles

extension AnalysisStep {
    /// Whether the state behind the stretch is the one that was there before, so that all that follows
    /// stands.
    private nonisolated(nonsending) func follow(
        _ stretch: AnalysisStretch, _ state: inout Kept, _ locked: SeriesQueue.Locked, _ now: Timestamp,
        in change: Change
    ) async throws -> Bool {
        let (series, from) = (locked.series, locked.series.dirtyFrom ?? .never)
        let feed = try await feed(stretch.candles, series, in: change.transaction)
        let newest = stretch.isLast ? stretch.candles.suffix(1) : []
        var outcome = StretchOutcome(turnsFrom: AnalysisWrite.eventsFrom(series))
        outcome.follow(stretch.candles.dropLast(newest.count), &state.analysis, feed)
        state.unsaved += stretch.candles.count
        var saved: [SavedState] = []
        // Without the newest candle: the market's may come after it, and brings it again.
        let isAtEnd = stretch.isLast || stretch.heldUntil != nil
        if isAtEnd && state.unsaved >= AnalysisStates.every { saved = [SavedState(state.analysis)].compact }
        outcome.follow(newest, &state.analysis, feed)
        let end = isAtEnd && stretch.landmark == nil ? nil : SavedState(state.analysis)
        let isPast = end.map { $0.time > locked.reach.last } ?? false
        let isSame = isPast && !stretch.isLast && stretch.landmark == end
        if stretch.landmark != end { saved += [end].compact }
        let advancing = advance(stretch, locked, isSame: isSame, outcome.newest, in: change)
        try await AnalysisWrite(
            series: series, from: from, numbers: numbers, now: now, first: series.firstOpen ?? from,
            newID: newID
        ).run(outcome, state.analysis, isLast: stretch.isLast, in: change)
        for one in saved { try await AnalysisStates.write(one, of: series, in: change.transaction) }
        if !saved.isEmpty || end != nil { state.unsaved = end == nil ? newest.count : 0 }
        state.clear = stretch.isClear ? max(from, saved.last?.time.next ?? .never) : nil
        try await advancing.rows()
        return isSame
    }

    private func advance(
        _ stretch: AnalysisStretch, _ locked: SeriesQueue.Locked, isSame: Bool, _ newest: [Grade],
        in change: Change
    ) -> Query {
        let series = locked.series
        var (next, rest) = (Timestamp?.none, DirtyReach.none)
        if stretch.heldUntil != nil {
            (next, rest.pending) = (series.lastClosed, series.lastClosed)
        } else if !stretch.isLast && !isSame {
            next = stretch.candles.last.map { series.interval.close(of: $0.openTime) } ?? series.dirtyFrom
            rest.course = locked.reach.last
        }
        return SeriesQueue.advance(series.id, to: next, rest, newest: newest, in: change.transaction)
    }

    private nonisolated(nonsending) func feed(
        _ candles: [Candle], _ series: SeriesRecord, in transaction: Transaction
    ) async throws -> SeriesFeed {
        guard let first = candles.first?.openTime, let last = candles.last?.openTime else {
            return SeriesFeed(gate: gate.gate)
        }
        let question = SuppliedQuestion(series, first: first, last: last)
        return SeriesFeed(gate: gate.gate, supplied: try await supplied(question, transaction))
    }
}

extension [SavedState?] {
    fileprivate var compact: [SavedState] { compactMap { $0 } }
}
