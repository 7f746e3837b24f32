import Access
import Events
import JSON
import Kernel

/// What a backtest tells: a line for each firing, and what all of them come to.
struct BacktestReport {
    /// Of the rule's types, as far as whoever asks may see them.
    private var events = 0
    /// Of them, those that were told of the past, which the rule passes over.
    private var retroactive = 0
    /// Groups that gave way to others.
    var groupsDropped = 0
    var nanoseconds: UInt64 = 0
    /// False: there were more events than are read at once.
    var isWhole = true
    private let rule: AlertRule
    private let source: Backtest.Source
    private let from: Timestamp
    private let to: Timestamp
    private var firings = 0
    private var suppressed = 0
    private var resolved = 0
    private var errors = 0
    private var firstError: String?
    private var perDay: [String: Int] = [:]
    private var groups: [UUID: Group] = [:]
    private var loudest: (group: JSONObject, count: Int)?

    /// Groups that are told apart; firings of others are counted together with all.
    static let groupsAtMost = 100_000

    private struct Group {
        var firings = 0
        /// Of the alert that fires.
        var count = 0
        var firstAt: Timestamp
    }

    init(_ rule: AlertRule, over source: Backtest.Source, from: Timestamp, to: Timestamp) {
        (self.rule, self.source, self.from, self.to) = (rule, source, from, to)
    }

    mutating func take(_ page: HistoryPage) {
        events += page.seen
        retroactive += page.retroactive
    }

    /// - Parameter view: of the event that it shows; empty when none ever came.
    mutating func line(_ outcome: RuleRun.Outcome, _ view: JSONObject) -> [UInt8] {
        switch outcome.transition.step {
        case .fires:
            let group = count(outcome)
            return isFull ? [] : firing(outcome, group, view)
        case .resolves:
            resolved += 1
            groups[key(of: outcome)]?.count = 0
            return isFull ? [] : resolution(outcome)
        case .fails(let message):
            errors += 1
            firstError = firstError ?? message
            return []
        case .pends, .calms, .recovers, .forgets: return []
        }
    }

    /// Whether what comes is only counted.
    var isFull: Bool { firings + resolved > Backtest.toldAtMost }

    private func key(of outcome: RuleRun.Outcome) -> UUID {
        Firing.key(of: outcome.group).prefix(16).withUnsafeBytes { UUID(bytes: $0) }
    }

    private mutating func count(_ outcome: RuleRun.Outcome) -> Group {
        let at = outcome.transition.at
        firings += 1
        if outcome.isSuppressed {
            suppressed += 1
        } else {
            perDay[String(at.description.prefix(10)), default: 0] += 1
        }
        let key = key(of: outcome)
        var group = groups[key] ?? Group(firstAt: at)
        if group.count == 0 { group.firstAt = at }
        group.firings += 1
        group.count += 1
        if groups.count < Self.groupsAtMost || groups[key] != nil { groups[key] = group }
        if group.firings > loudest?.count ?? 0 { loudest = (outcome.group, group.firings) }
        return group
    }

    private func firing(_ outcome: RuleRun.Outcome, _ alert: Group, _ view: JSONObject) -> [UInt8] {
        let at = outcome.transition.at
        let type = view["type"]?.asString.flatMap { EventType($0) }
        let sentence = type.map { AlertSummary.sentence($0, view) } ?? "nothing came"
        return line { w in
            w.field("kind", "firing")
            w.field("at", at.description)
            w.field("group", outcome.group)
            // What is told again is no event that is stored.
            w.field("event_id", source == .events ? outcome.transition.event?.description : nil)
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
        let seconds = Double(nanoseconds) / 1e9
        return line { w in
            w.field("kind", "summary")
            w.field("complete", isWhole)
            w.field("over", source.rawValue)
            w.field("events", events)
            w.field("retroactive", retroactive)
            w.field("firings", firings)
            w.field("suppressed", suppressed)
            w.field("resolved", resolved)
            w.field("not_listed", max(0, firings + resolved - Backtest.toldAtMost))
            w.field("errors", errors)
            w.field("first_error", firstError)
            w.field("groups_fired", groups.count)
            w.field("groups_dropped", groupsDropped)
            w.field("messages_per_day", Double(told) / days)
            w.field("busiest_day", busiest?.key)
            w.field("busiest_day_messages", busiest?.value ?? 0)
            w.field("loudest_group", loudest.map { JSONValue.object($0.group) } ?? .null)
            w.field("loudest_group_share", firings == 0 ? 0 : Double(loudest?.count ?? 0) / Double(firings))
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
