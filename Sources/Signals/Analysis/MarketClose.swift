import Events
import JSON
import Kernel

extension AnalysisWrite {
    /// What rules over the market read of a candle that has just closed and was graded for the first time.
    /// There are as many of them as there are series, so none is written that nobody asks for.
    /// - Parameter met: the candle, and the levels as they stood before it.
    nonisolated(nonsending) func tellClose(
        _ met: (step: SeriesAnalysis.Step, levels: Levels?)?, _ grade: Grade, _ analysis: SeriesAnalysis,
        in change: Change
    ) async throws {
        guard let (step, levels) = met, step.candle.openTime == grade.time,
            try await change.isWished(.marketClosed)
        else { return }
        change.emit(words.closed(step, grade, levels, analysis.openSignals))
    }
}

extension AnalysisEvents {
    /// - Parameter levels: as they stood before the candle.
    func closed(
        _ step: SeriesAnalysis.Step, _ grade: Grade, _ levels: Levels?, _ open: [Signal]
    ) -> NewEvent {
        let signals = open.filter { $0.model == grade.model }
        let signal = signals.max { $0.decisionCandle < $1.decisionCandle }
        var data = shared(false)
        data.add("time", .string(grade.time.description))
        data.add("candle", .object(step.candle.told))
        data.add("grade", .object(grade.told))
        data.add("signal", .object(Signal.told(signal)))
        data.add(
            "level",
            [
                "support": .double(levels?.nearestSupport?.price),
                "resistance": .double(levels?.nearestResistance?.price),
            ])
        data.add("market", .object(step.gate.told))
        return NewEvent(.marketClosed, subject: series.token, data: data)
    }
}

extension Candle {
    fileprivate var told: JSONObject {
        JSONObject(members: [
            ("open", .double(open)), ("high", .double(high)), ("low", .double(low)),
            ("close", .double(close)), ("volume", .double(volume)),
        ])
    }
}

extension Grade {
    fileprivate var told: JSONObject {
        JSONObject(members: [
            ("value", .double(value)), ("previous", .double(previous)), ("zone", .string(zone.rawValue)),
            ("label", .string(label.rawValue)), ("model", .string(model.rawValue)),
        ])
    }
}

extension Signal {
    /// The open one; all of it is null where none is.
    fileprivate static func told(_ signal: Signal?) -> JSONObject {
        JSONObject(members: [
            ("direction", .text(signal?.direction.rawValue)),
            ("since", .text(signal?.decisionCandle.description)),
            ("decision_close", .double(signal?.decisionClose)),
            ("confidence", .double(signal?.confidence.value)), ("stop", .double(signal?.stopLevel)),
        ])
    }
}

extension GateReading {
    fileprivate var told: JSONObject {
        JSONObject(members: [
            ("gate_open", .bool(isOpen)), ("time", .text(time?.description)),
            ("close", .double(market?.close)), ("sma50", .double(market?.sma50)),
        ])
    }
}

extension JSONValue {
    fileprivate static func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
}
