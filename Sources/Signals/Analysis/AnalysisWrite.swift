import Access
import Events
import JSON
import Kernel
import Postgres

/// Writes what a step brought: grades, signals, and the events that tell of them.
struct AnalysisWrite {
    /// Candles behind the newest within which facts of the past become events. A bulk load would otherwise
    /// write one for each of its candles; what lies further back is in lists.
    static let eventReach = 300

    let series: SeriesRecord
    /// Where the series was dirty.
    let from: Timestamp
    /// What stands for each model in rows.
    let numbers: [GradeModel: Int]
    let now: Timestamp
    let first: Timestamp
    let newID: () -> SignalID

    var words: AnalysisEvents { AnalysisEvents(series: series) }

    private var newest: Timestamp { series.lastClosed ?? from }

    private var eventsFrom: Timestamp { Self.eventsFrom(series) }

    static func eventsFrom(_ series: SeriesRecord) -> Timestamp {
        (series.lastClosed ?? .never) - series.interval.period * Double(eventReach)
    }

    /// The newest candle, unless it closed long ago: all else is of the past.
    private var live: Timestamp? { series.interval.isLongAgo(newest, at: now) ? nil : newest }

    nonisolated(nonsending) func run(
        _ outcome: StretchOutcome, _ analysis: SeriesAnalysis, isLast: Bool, in change: Change
    ) async throws {
        let told = analysis.models.told
        let computed = computed(outcome, analysis, isLast: isLast)
        let reading = SignalStore.read(
            series.id, of: analysis.models, from: outcome.span?.lowerBound ?? .forever,
            at: computed.keys.map(\.decidedAt), in: change.transaction)
        let written = try await GradeStore.write(
            outcome.grades, first: first, live: live, series: series.id, numbers: numbers, now: now,
            in: change.transaction
        ).filter { $0.model == told.number }
        let revisions = Dictionary(uniqueKeysWithValues: written.map { ($0.time, $0.revision) })
        emit(outcome.grades.filter { $0.model == told }, revisions, in: change)
        emit(outcome.turns, revisions, in: change)
        let last = outcome.newest.first { $0.model == told }
        let isKnown = last?.time == newest && revisions[newest] != 1
        let stored = SignalStore.found(try await reading.rows(), of: analysis.models)
        try await write(
            computed, over: stored, outcome.span, analysis, isLast: isLast, news: isKnown ? nil : live,
            in: change)
        if let last, last.time == live, revisions[last.time] == 1 {
            try await tellClose(outcome.last, last, analysis, in: change)
        }
    }

    // MARK: Grades and levels

    private func emit(_ grades: [GradeRow], _ revisions: [Timestamp: Int], in change: Change) {
        for grade in grades where grade.time >= eventsFrom {
            guard let revision = revisions[grade.time], grade.value != grade.previous else { continue }
            let isLate = revision > 1 || grade.time != newest
            if isLate && !grade.changesZoneOrLabel { continue }
            change.emit(words.changed(grade, isRetroactive: isLate || live == nil))
        }
    }

    /// Of candles that came now, and of the newest one when it is another than before: what those before it
    /// did was told when they came.
    private func emit(_ turns: [LevelTurn], _ revisions: [Timestamp: Int], in change: Change) {
        for turn in turns {
            guard let revision = revisions[turn.time], revision == 1 || turn.time == newest else { continue }
            let isRetroactive = revision > 1 || turn.time != live
            for move in turn.moves { change.emit(words.moved(move, turn, isRetroactive: isRetroactive)) }
        }
    }

    // MARK: Signals

    /// Signals that the stretch decided or changed, and those that are open behind it.
    private func computed(
        _ outcome: StretchOutcome, _ analysis: SeriesAnalysis, isLast: Bool
    ) -> [SignalKey: Signal] {
        var computed = outcome.signals
        for signal in analysis.openSignals { computed[SignalKey(signal)] = signal }
        if isLast, let staleAt = series.staleAt {
            for signal in analysis.stale(at: staleAt) { computed[SignalKey(signal)] = signal }
        }
        return computed
    }

    /// - Parameter news: the candle of which what is told is news: the newest, unless it closed long ago, or
    ///   was told of before and is another now.
    private nonisolated(nonsending) func write(
        _ computed: [SignalKey: Signal], over stored: [SignalKey: StoredSignal],
        _ span: ClosedRange<Timestamp>?, _ analysis: SeriesAnalysis, isLast: Bool, news: Timestamp?,
        in change: Change
    ) async throws {
        let begin = span?.lowerBound ?? .forever
        var writes: [SignalWrite] = []
        // What the next step goes on with is left as it is stored until then: it may find that it stands.
        let unfinished = isLast ? [] : Set(analysis.pendingSignals.map(SignalKey.init))
        for key in computed.keys.sorted() {
            if let old = stored[key], !old.isWithdrawn, unfinished.contains(key) { continue }
            guard let signal = computed[key], let write = write(key, signal, stored[key], news: news)
            else { continue }
            writes.append(write)
            if key.model == analysis.models.told {
                emit(signal, write.id, was: stored[key], news: news, in: change)
            }
        }
        let end = isLast ? Timestamp.forever : span?.upperBound ?? .never
        for (key, old) in stored.sorted(by: { $0.key < $1.key })
        where computed[key] == nil && !old.isWithdrawn && key.decidedAt >= begin && key.decidedAt <= end {
            writes.append(withdraw(key, old, told: analysis.models.told, in: change))
        }
        try await SignalStore.write(writes, series: series.id, now: now, in: change.transaction)
    }

    /// Nil where it is stored like that.
    private func write(
        _ key: SignalKey, _ signal: Signal, _ old: StoredSignal?, news: Timestamp?
    ) -> SignalWrite? {
        let body = SignalBody(signal: signal, interval: series.interval).text
        if let old, old.body == body, !old.isWithdrawn { return nil }
        let isOld = old == nil ? key.decidedAt != news : from <= key.decidedAt
        let roi = signal.roi
        return SignalWrite(
            id: old?.id ?? newID(), key: key, state: signal.state.rawValue, isWithdrawn: false,
            isRetroactive: isOld, roiClose: roi?.buyAndHold, roiNet: roi?.net,
            confidence: signal.confidence.value, body: body,
            isRevision: old.map { $0.isWithdrawn || !SignalBody.differOnlyInPrice($0.body, body) } ?? true)
    }

    /// Other candles left no room for it.
    private func withdraw(
        _ key: SignalKey, _ old: StoredSignal, told: GradeModel, in change: Change
    ) -> SignalWrite {
        if key.model == told && old.state == "open" && key.decidedAt >= eventsFrom {
            change.emit(words.withdrawn(old))
        }
        return SignalWrite(
            id: old.id, key: key, state: old.state, isWithdrawn: true, isRetroactive: true, roiClose: nil,
            roiNet: nil, confidence: nil, body: old.body)
    }

    private func emit(
        _ signal: Signal, _ id: SignalID, was stored: StoredSignal?, news: Timestamp?, in change: Change
    ) {
        let old = stored.flatMap { $0.isWithdrawn ? nil : Signal.State(rawValue: $0.state) }
        // Its end was told; that other candles took it back is told however old the decision is.
        let isOpenAgain = old != nil && old != .open && signal.state == .open
        if isOpenAgain || old == nil && signal.decisionCandle >= eventsFrom {
            change.emit(
                words.opened(signal, id, isRetroactive: isOpenAgain || signal.decisionCandle != news))
        }
        guard let end = signal.end, end.candle >= eventsFrom, old != signal.state else { return }
        change.emit(words.ended(signal, end, id, isRetroactive: !isNews(end, news)))
    }

    private func isNews(_ end: Signal.End, _ news: Timestamp?) -> Bool {
        if end.at == series.interval.close(of: end.candle) { return end.candle == news }
        // That no candle came is told of the newest, which was told of before.
        return end.candle == newest && !series.interval.isPast(end.at, at: now)
    }
}

extension SignalKey: Comparable {
    init(_ signal: Signal) {
        self.init(
            model: signal.model, decidedAt: signal.decisionCandle, direction: signal.direction.rawValue)
    }

    static func < (a: Self, b: Self) -> Bool {
        (a.decidedAt, a.direction, a.model.number) < (b.decidedAt, b.direction, b.model.number)
    }
}
