import Events
import JSON

extension AlertSummary {
    /// What happened to many tokens together; nil for events of other kinds.
    static func marketSentence(_ type: EventType, _ event: JSONObject) -> String? {
        let f = Words(event: event)
        switch type {
        case .moverEntered: return "\(f.series) entered the \(f["side"]) of \(f["list"]) at \(f["rank"])"
        case .moverLeft: return "\(f.series) left the \(f["side"]) of \(f["list"])"
        case .marketRegimeChanged: return "\(f.series) turned from \(f["previous"]) to \(f["regime"])"
        case .metricObserved: return "\(f["metric"]) of \(f["symbol"]) is \(f["value"])"
        case .narrativeFaded:
            return "narrative \(f["name"]) fades: \(f.short("score")) after \(f.short("score_before"))"
        default: return nil
        }
    }
}
