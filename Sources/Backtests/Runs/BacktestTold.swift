import Access
import Events
import JSON
import Kernel

extension Backtest {
    /// An event about it: what it is, and what more there is to say.
    func told(_ type: EventType, _ more: (inout JSONObject) -> Void = { _ in }) -> NewEvent {
        var data = JSONObject()
        _ = data.append("backtest_id", .string(id.description))
        _ = data.append("name", .string(name))
        _ = data.append("created_by", .string(author))
        _ = data.append("rule_digest", .string(digest.hex))
        _ = data.append("known_at", .string(knownAt.description))
        more(&data)
        return NewEvent(type, subject: id, data: data)
    }
}

extension BacktestReport {
    /// Enough to see whether the report is worth reading; never a hit rate alone.
    func tell(_ data: inout JSONObject, seconds: Double, _ variantsTried: Int) {
        func number(_ value: Double?) -> JSONValue {
            value.flatMap { JSONNumber($0) }.map { .number($0) } ?? .null
        }
        _ = data.append("seconds", number(seconds))
        _ = data.append("variants_tried", .number(JSONNumber(variantsTried)))
        _ = data.append("sharpe", number(measure.metrics.sharpe))
        _ = data.append("max_drawdown", number(measure.metrics.maxDrawdown))
        _ = data.append("total_return", number(measure.metrics.totalReturn))
        _ = data.append("trades", .number(JSONNumber(measure.trades.count)))
        _ = data.append("prefix_test_passes", .bool(prefixes.passes))
        _ = data.append("warnings", .array(warnings.map { .string($0.code) }))
    }
}
