import Events
import JSON

extension AlertSummary {
    /// What happened to many tokens together, and what came of backtests; nil for events of other kinds.
    static func marketSentence(_ type: EventType, _ f: Words) -> String? {
        switch type {
        case .moverEntered: return "\(f.series) entered the \(f["side"]) of \(f["list"]) at \(f["rank"])"
        case .moverLeft: return "\(f.series) left the \(f["side"]) of \(f["list"])"
        case .marketClosed:
            let candle = Words(event: f.event["candle"]?.asObject ?? JSONObject())
            let grade = Words(event: f.event["grade"]?.asObject ?? JSONObject())
            return "\(f.series) closed at \(candle["close"]), grade \(grade.short("value"))"
        case .marketRegimeChanged: return "\(f.series) turned from \(f["previous"]) to \(f["regime"])"
        case .levelApproached:
            return "\(f.series) came near level \(f.short("level")), close \(f.short("close"))"
        case .levelBroken:
            return
                "\(f.series) broke level \(f.short("level")) (\(f["direction"])), close \(f.short("close"))"
        case .investorGradeChanged:
            return
                "investor grade of \(f["symbol"]) went from \(f.short("previous")) to \(f.short("grade"))"
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

    /// What became of one token.
    static func seriesSentence(_ type: EventType, _ f: Words) -> String? {
        switch type {
        case .gradeChanged: return "\(f.series) went from \(f.short("previous")) to \(f.short("grade"))"
        case .signalOpened: return "\(f.series) \(f["direction"]) signal opened at \(f["decision_close"])"
        case .signalClosed: return "\(f.series) \(f["direction"]) signal closed\(f.reason)"
        case .signalStale: return "\(f.series) \(f["direction"]) signal went stale\(f.reason)"
        case .candleGap: return "\(f.series) lacks \(f["missing"]) candles from \(f["from"])"
        case .seriesStale: return "\(f.series) is silent since \(f["stale_since"])"
        case .seriesResumed: return "\(f.series) is back after \(f["silent_seconds"]) seconds"
        case .candleFeedFailed: return "candles of \(f.series) do not come: \(f["error"])"
        case .candleFeedRecovered: return "candles of \(f.series) come again"
        default: return nil
        }
    }
}
