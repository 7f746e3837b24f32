import Access
import Events
import JSON
import Kernel

/// What is told of one series: how its events are written.
struct AnalysisEvents: Sendable {
    let series: SeriesRecord

    func changed(_ grade: GradeRow, isRetroactive: Bool) -> NewEvent {
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

    func opened(_ signal: Signal, _ id: SignalID, isRetroactive: Bool) -> NewEvent {
        var data = decided(signal, id, isRetroactive: isRetroactive)
        data.add("gate_open", .bool(signal.gate.isOpen))
        data.add("stop_atr", .double(signal.stopLevel))
        data.add("stop_support", .double(signal.support))
        return NewEvent(.signalOpened, subject: id, data: data)
    }

    func ended(_ signal: Signal, _ end: Signal.End, _ id: SignalID, isRetroactive: Bool) -> NewEvent {
        var data = decided(signal, id, isRetroactive: isRetroactive)
        if signal.state == .closed {
            data.add("closed_at", .string(end.candle.description))
            data.add("reason", .string(end.reason))
            data.add("roi_close", .double(signal.roi?.close))
            data.add("roi_net", .double(signal.roi?.net))
        } else {
            data.add("reason", .string(end.reason))
        }
        return NewEvent(signal.state == .closed ? .signalClosed : .signalStale, subject: id, data: data)
    }

    func withdrawn(_ old: StoredSignal) -> NewEvent {
        var data = shared(true)
        data.add("signal_id", .string(old.id.description))
        data.addDecision(of: old.body)
        data.add("reason", .string(SignalText.withdrawn))
        return NewEvent(.signalStale, subject: old.id, data: data)
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

    func shared(_ isRetroactive: Bool) -> JSONObject {
        var data = JSONObject()
        data.add("token_id", .string(series.token.description))
        data.add("symbol", .string(series.symbol))
        data.add("source", .string(series.source))
        data.add("interval", .string(series.interval.rawValue))
        data.add("retroactive", .bool(isRetroactive))
        return data
    }
}

/// Words that are stored nowhere.
enum SignalText {
    static let withdrawn = "withdrawn: candles that came later or were revised left no room for it"
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
