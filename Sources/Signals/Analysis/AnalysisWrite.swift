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

    var newest: Timestamp { series.lastClosed ?? from }

    private var eventsFrom: Timestamp { newest - series.interval.period * Double(Self.eventReach) }

    nonisolated(nonsending) func run(
        _ outcomes: [BarOutcome], _ analysis: SeriesAnalysis, isLast: Bool, levels: Levels?,
        in change: Change
    ) async throws {
        let told = analysis.models.told
        let written = try await GradeStore.write(
            outcomes.flatMap(\.grades), first: first, newest: newest, series: series.id, numbers: numbers,
            now: now, in: change.transaction)
        let toldWritten = written.filter { $0.model == told.number }
        emit(outcomes.compactMap { $0.grade(of: told) }, toldWritten, in: change)
        if let grade = toldWritten.first(where: { $0.time == newest }), analysis.time == newest {
            let isRetroactive = grade.revision > 1
            for move in analysis.levelMoves(from: levels) {
                change.emit(event(move, analysis, isRetroactive: isRetroactive))
            }
        }
        try await writeSignals(outcomes, analysis, isLast: isLast, in: change)
    }

    // MARK: Grades

    private func emit(_ grades: [Grade], _ written: [GradeStore.Written], in change: Change) {
        let revisions = Dictionary(uniqueKeysWithValues: written.map { ($0.time, $0.revision) })
        for grade in grades where grade.time >= eventsFrom {
            guard let revision = revisions[grade.time], grade.value != grade.previous else { continue }
            let isRetroactive = revision > 1 || grade.time != newest
            if isRetroactive && !grade.changesZoneOrLabel { continue }
            change.emit(event(grade, isRetroactive: isRetroactive))
        }
    }

    private func event(_ grade: Grade, isRetroactive: Bool) -> NewEvent {
        var data = shared(isRetroactive)
        data.add("time", .string(grade.time.description))
        data.add("previous", .double(grade.previous))
        data.add("grade", .double(grade.value))
        data.add("zone", .string(grade.zone.rawValue))
        data.add("previous_zone", grade.previous.map { .string(GradeZone($0).rawValue) } ?? .null)
        data.add("label", .string(grade.label.rawValue))
        data.add("model", .string(grade.model.rawValue))
        data.add("data_quality", .double(grade.dataQuality))
        return NewEvent(.gradeChanged, subject: series.token, data: data)
    }

    func shared(_ isRetroactive: Bool) -> JSONObject {
        var data = JSONObject()
        data.add("token_id", .string(series.token.description))
        data.add("symbol", .string(series.symbol))
        data.add("source", .string(series.source))
        data.add("interval", .string(series.interval.rawValue))
        data.add("retroactive", .bool(isRetroactive))
        return data
    }

    // MARK: Signals

    private nonisolated(nonsending) func writeSignals(
        _ outcomes: [BarOutcome], _ analysis: SeriesAnalysis, isLast: Bool, in change: Change
    ) async throws {
        var computed: [SignalKey: Signal] = [:]
        for signal in outcomes.flatMap(\.allChanges).map(\.signal) + analysis.openSignals {
            computed[SignalKey(signal)] = signal
        }
        if isLast, let staleAt = series.staleAt {
            for signal in analysis.stale(at: staleAt) { computed[SignalKey(signal)] = signal }
        }
        let begin = outcomes.first?.time ?? .forever
        let stored = try await SignalStore.read(
            series.id, of: analysis.models, from: begin, at: computed.keys.map(\.decidedAt),
            in: change.transaction)
        var writes: [SignalWrite] = []
        // What the next step goes on with is left as it is stored until then: it may find that it stands.
        let unfinished = isLast ? [] : Set(analysis.pendingSignals.map(SignalKey.init))
        for (key, signal) in computed.sorted(by: { $0.key < $1.key }) {
            if let old = stored[key], !old.isWithdrawn, unfinished.contains(key) { continue }
            writes += write(key, signal, stored[key], told: analysis.models.told, in: change)
        }
        let end = isLast ? Timestamp.forever : outcomes.last?.time ?? .never
        for (key, old) in stored.sorted(by: { $0.key < $1.key })
        where computed[key] == nil && !old.isWithdrawn && key.decidedAt >= begin && key.decidedAt <= end {
            writes.append(withdraw(key, old, told: analysis.models.told, in: change))
        }
        try await SignalStore.write(writes, series: series.id, now: now, in: change.transaction)
    }

    private func write(
        _ key: SignalKey, _ signal: Signal, _ old: StoredSignal?, told: GradeModel, in change: Change
    ) -> [SignalWrite] {
        let body = SignalBody(signal: signal, interval: series.interval).text
        if let old, old.body == body, !old.isWithdrawn { return [] }
        let id = old?.id ?? newID()
        let isOld = old == nil ? key.decidedAt != newest : from <= key.decidedAt
        let roi = signal.roi
        let write = SignalWrite(
            id: id, key: key, state: signal.state.rawValue, isWithdrawn: false, isRetroactive: isOld,
            roiClose: roi?.buyAndHold, roiNet: roi?.net, confidence: signal.confidence.value, body: body)
        if key.model == told {
            emit(signal, id, was: old.flatMap { $0.isWithdrawn ? nil : $0.state }, in: change)
        }
        return [write]
    }

    /// Other candles left no room for it.
    private func withdraw(
        _ key: SignalKey, _ old: StoredSignal, told: GradeModel, in change: Change
    ) -> SignalWrite {
        if key.model == told && old.state == "open" && key.decidedAt >= eventsFrom {
            var data = shared(true)
            data.add("signal_id", .string(old.id.description))
            data.addDecision(of: old.body)
            data.add("reason", .string(SignalText.withdrawn))
            change.emit(NewEvent(.signalStale, subject: old.id, data: data))
        }
        return SignalWrite(
            id: old.id, key: key, state: old.state, isWithdrawn: true, isRetroactive: true, roiClose: nil,
            roiNet: nil, confidence: nil, body: old.body)
    }

    private func emit(_ signal: Signal, _ id: SignalID, was old: String?, in change: Change) {
        if old == nil && signal.decisionCandle >= eventsFrom {
            var data = decided(signal, id, isRetroactive: signal.decisionCandle != newest)
            data.add("gate_open", .bool(signal.gate.isOpen))
            data.add("stop_atr", .double(signal.stopLevel))
            data.add("stop_support", .double(signal.support))
            change.emit(NewEvent(.signalOpened, subject: id, data: data))
        }
        guard let end = signal.end, end.candle >= eventsFrom, old != signal.state.rawValue else { return }
        var data = decided(signal, id, isRetroactive: end.candle != newest)
        if signal.state == .closed {
            data.add("closed_at", .string(end.candle.description))
            data.add("reason", .string(end.reason))
            data.add("roi_close", .double(signal.roi?.close))
            data.add("roi_net", .double(signal.roi?.net))
        } else {
            data.add("reason", .string(end.reason))
        }
        change.emit(NewEvent(signal.state == .closed ? .signalClosed : .signalStale, subject: id, data: data))
    }

    private func decided(_ signal: Signal, _ id: SignalID, isRetroactive: Bool) -> JSONObject {
        var data = shared(isRetroactive)
        data.add("signal_id", .string(id.description))
        data.add("direction", .string(signal.direction.rawValue))
        data.add("decided_at", .string(signal.decisionCandle.description))
        data.add("decision_close", .double(signal.decisionClose))
        data.add("grade", .double(signal.grade))
        data.add("model", .string(signal.model.rawValue))
        data.add("confidence", .double(signal.confidence.value))
        return data
    }
}

extension Grade {
    fileprivate var changesZoneOrLabel: Bool {
        guard let previous else { return true }
        return GradeZone(previous) != zone || model.label(previous) != label
    }
}

/// Words that are stored nowhere.
enum SignalText {
    static let withdrawn = "withdrawn: candles that came later or were revised left no room for it"
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

extension JSONObject {
    mutating func add(_ name: String, _ value: JSONValue) { _ = append(name, value) }

    /// The decision's fields out of a stored body, for a signal that is not computed any more.
    fileprivate mutating func addDecision(of body: String) {
        let stored = try? JSONValue.parse(Array(body.utf8))
        add("direction", stored?["direction"] ?? .null)
        add("decided_at", stored?["decided_at"] ?? .null)
        add("decision_close", stored?["decision_close"] ?? .null)
        add("grade", stored?["decision_grade"] ?? .null)
        add("model", stored?["model"] ?? .null)
        add("confidence", stored?["confidence"] ?? .null)
    }
}

extension JSONValue {
    static func double(_ value: Double?) -> JSONValue {
        value.flatMap { JSONNumber($0) }.map(JSONValue.number) ?? .null
    }
}
