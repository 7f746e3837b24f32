import Access
import Events
import JSON
import Kernel

/// What a backtest tells: a line for each firing, and what all of them come to.
struct BacktestReport {
    var read = 0
    var groups = 0
    var nanoseconds: UInt64 = 0
    /// False: there were more events than are read at once.
    var isWhole = true
    private let rule: AlertRule
    private let from: Timestamp
    private let to: Timestamp
    private var firings = 0
    private var suppressed = 0
    private var resolved = 0
    private var errors = 0
    private var firstError: String?
    private var perDay: [String: Int] = [:]
    private var open: [[UInt8]: (count: Int, firstAt: Timestamp)] = [:]
    private var loudest: [[UInt8]: Int] = [:]

    init(_ rule: AlertRule, from: Timestamp, to: Timestamp) {
        (self.rule, self.from, self.to) = (rule, from, to)
    }

    /// - Parameter view: of the event that it shows; empty when none ever came.
    mutating func line(_ outcome: RuleRun.Outcome, _ view: JSONObject) -> [UInt8] {
        let key = JSONValue.object(outcome.group).bytes
        switch outcome.transition.step {
        case .fires:
            count(key, outcome)
            return firings + resolved > Backtest.toldAtMost ? [] : firing(outcome, key, view)
        case .resolves:
            resolved += 1
            open[key] = nil
            return firings + resolved > Backtest.toldAtMost ? [] : resolution(outcome)
        case .fails(let message):
            errors += 1
            firstError = firstError ?? message
            return []
        case .pends, .calms, .recovers, .forgets: return []
        }
    }

    private mutating func count(_ key: [UInt8], _ outcome: RuleRun.Outcome) {
        let at = outcome.transition.at
        firings += 1
        if outcome.isSuppressed {
            suppressed += 1
        } else {
            perDay[String(at.description.prefix(10)), default: 0] += 1
        }
        open[key] = ((open[key]?.count ?? 0) + 1, open[key]?.firstAt ?? at)
        loudest[key, default: 0] += 1
    }

    private func firing(_ outcome: RuleRun.Outcome, _ key: [UInt8], _ view: JSONObject) -> [UInt8] {
        let at = outcome.transition.at
        let alert = open[key] ?? (1, at)
        let type = view["type"]?.asString.flatMap { EventType($0) }
        let sentence = type.map { AlertSummary.sentence($0, view) } ?? "nothing came"
        return line { w in
            w.field("kind", "firing")
            w.field("at", at.description)
            w.field("group", outcome.group)
            w.field("event_id", outcome.transition.event?.description)
            w.field("suppressed", outcome.isSuppressed)
            w.object("message") { w in
                w.field("type", EventType.alertFiring.name)
                w.field("timestamp", at.description)
                w.object("data") { w in
                    w.field(
                        "rule",
                        RuleReference(id: rule.id, name: rule.content.name, version: rule.version).object)
                    w.field("severity", rule.content.severity.rawValue)
                    w.field("state", Alert.State.firing.rawValue)
                    w.field("summary", "\(rule.content.name): \(rule.content.lead)\(sentence)")
                    w.field("advice", rule.content.advice)
                    w.field("labels", rule.content.labels)
                    w.field("group", outcome.group)
                    w.field("count", alert.count)
                    w.field("first_at", alert.firstAt.description)
                    w.field("last_at", at.description)
                    w.field("event", view)
                }
            }
        }
    }

    private func resolution(_ outcome: RuleRun.Outcome) -> [UInt8] {
        line { w in
            w.field("kind", "resolved")
            w.field("at", outcome.transition.at.description)
            w.field("group", outcome.group)
        }
    }

    /// The last line.
    var summary: [UInt8] {
        let days = max(1, (to - from).seconds / 86_400)
        let busiest = perDay.max { ($0.value, $1.key) < ($1.value, $0.key) }
        let told = firings - suppressed
        let loud = loudest.max { $0.value < $1.value }
        let seconds = Double(nanoseconds) / 1e9
        return line { w in
            w.field("kind", "summary")
            w.field("complete", isWhole)
            w.field("events", read)
            w.field("firings", firings)
            w.field("suppressed", suppressed)
            w.field("resolved", resolved)
            w.field("not_listed", max(0, firings + resolved - Backtest.toldAtMost))
            w.field("errors", errors)
            w.field("first_error", firstError)
            w.field("groups_fired", loudest.count)
            w.field("messages_per_day", Double(told) / days)
            w.field("busiest_day", busiest?.key)
            w.field("busiest_day_messages", busiest?.value ?? 0)
            w.field("loudest_group", loud.flatMap { try? JSONValue.parse($0.key) } ?? .null)
            w.field("loudest_group_share", firings == 0 ? 0 : Double(loud?.value ?? 0) / Double(firings))
            w.field("seconds", seconds)
        }
    }

    private func line(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var w = JSONWriter(capacity: 1_024)
        w.object { w in body(&w) }
        w.endLine()
        return w.bytes
    }
}
