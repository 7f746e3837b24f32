import Events
import JSON

extension AlertSummary {
    /// What happened to many tokens together, and what came of backtests; nil for events of other kinds.
    static func marketSentence(_ type: EventType, _ event: JSONObject) -> String? {
        let f = Words(event: event)
        switch type {
        case .moverEntered: return "\(f.series) entered the \(f["side"]) of \(f["list"]) at \(f["rank"])"
        case .moverLeft: return "\(f.series) left the \(f["side"]) of \(f["list"])"
        case .marketClosed:
            let candle = Words(event: event["candle"]?.asObject ?? JSONObject())
            let grade = Words(event: event["grade"]?.asObject ?? JSONObject())
            return "\(f.series) closed at \(candle["close"]), grade \(grade.short("value"))"
        case .marketRegimeChanged: return "\(f.series) turned from \(f["previous"]) to \(f["regime"])"
        case .levelApproached:
            return "\(f.series) came near level \(f.short("level")), close \(f.short("close"))"
        case .levelBroken:
            return
                "\(f.series) broke level \(f.short("level")) (\(f["direction"])), close \(f.short("close"))"
        case .metricObserved: return "\(f["metric"]) of \(f["symbol"]) is \(f["value"])"
        case .narrativeFaded:
            return "narrative \(f["name"]) fades: \(f.short("score")) after \(f.short("score_before"))"
        case .backtestStarted: return "backtest \(f["name"]) has begun"
        case .backtestFinished:
            return "backtest \(f["name"]) is done: Sharpe \(f.short("sharpe")), \(f["trades"]) trades"
        case .backtestFailed: return "backtest \(f["name"]) failed: \(f["error"])"
        case .backtestCancelled: return "backtest \(f["name"]) was cancelled"
        default: return nil
        }
    }
}
