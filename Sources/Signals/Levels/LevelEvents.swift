import Events
import JSON
import Kernel

extension AnalysisWrite {
    /// What the newest candle did at a level.
    func event(_ move: LevelMove, _ analysis: SeriesAnalysis, isRetroactive: Bool) -> NewEvent {
        let levels = analysis.levels
        let beyond = levels?.all.filter { level in
            move.direction == .up ? level.price > move.level.price : level.price < move.level.price
        }
        let next = move.direction == .up ? beyond?.first : beyond?.last
        var data = shared(isRetroactive)
        data.add("time", .string((analysis.time ?? newest).description))
        data.add("close", .double(levels?.close))
        data.add("level", .double(move.level.price))
        data.add("direction", .string(move.direction.rawValue))
        data.add("strength", .double(move.level.strength))
        data.add("touches", .number(JSONNumber(move.level.touches)))
        data.add("next_level", .double(next?.price))
        let type: EventType = move.kind == .broken ? .levelBroken : .levelApproached
        return NewEvent(type, subject: series.token, data: data)
    }
}
