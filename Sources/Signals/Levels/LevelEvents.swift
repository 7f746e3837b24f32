import Events
import JSON
import Kernel

/// What one candle did at the levels as they stood before it.
struct LevelTurn {
    let time: Timestamp
    /// As they stand since.
    let levels: Levels?
    let moves: [LevelMove]
}

extension AnalysisEvents {
    func moved(_ move: LevelMove, _ turn: LevelTurn, isRetroactive: Bool) -> NewEvent {
        let beyond = turn.levels?.all.filter { level in
            move.direction == .up ? level.price > move.level.price : level.price < move.level.price
        }
        let next = move.direction == .up ? beyond?.first : beyond?.last
        var data = shared(isRetroactive)
        data.add("time", .string(turn.time.description))
        data.add("close", .double(turn.levels?.close))
        data.add("level", .double(move.level.price))
        data.add("direction", .string(move.direction.rawValue))
        data.add("strength", .double(move.level.strength))
        data.add("touches", .number(JSONNumber(move.level.touches)))
        data.add("next_level", .double(next?.price))
        let type: EventType = move.kind == .broken ? .levelBroken : .levelApproached
        return NewEvent(type, subject: series.token, data: data)
    }
}
