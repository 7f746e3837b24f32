import Access
import Events
import JSON
import Kernel
import Webhooks

/// What a silence would hide, of what the caller may see: alerts that fire now, and those of the last week.
struct SilencePreview {
    static let reach: Period = .days(7)
    /// Newest first; what lies behind is not looked at, and that is said.
    private static let lookedAtMost = 2_000
    private static let listedAtMost = 50

    private var firing: [Alert] = []
    private var week: [AlertRuleID: (rule: RuleReference, alerts: Int)] = [:]
    private var weekCount = 0
    /// Security alerts that match, and would be told nevertheless.
    private var spared = 0
    private var isComplete = true

    nonisolated(nonsending) static func of(
        _ matchers: [LabelMatcher], hidesSecurity: Bool, for context: Context, _ alerts: AlertStore
    ) async throws -> SilencePreview {
        let sight = try await AlertSight(listing: context, of: alerts.things, in: alerts.database)
        var query = AlertQuery()
        query.limit = lookedAtMost
        query.from = context.now - reach
        let recent = try await alerts.list(query, for: sight)
        query.from = nil
        query.state = .firing
        let firing = try await alerts.list(query, for: sight)
        var preview = SilencePreview()
        preview.isComplete = recent.count <= lookedAtMost && firing.count <= lookedAtMost
        // By what the caller sees: a matcher asks nothing of what is hidden from them.
        for alert in firing.map({ $0.seen(by: sight) }) where matchers.take(AlertFacts(alert)) {
            if alert.isSecurity && !hidesSecurity {
                preview.spared += 1
            } else {
                preview.firing.append(alert)
            }
        }
        for alert in recent.map({ $0.seen(by: sight) })
        where matchers.take(AlertFacts(alert)) && (hidesSecurity || !alert.isSecurity) {
            preview.weekCount += 1
            preview.week[alert.rule.id, default: (alert.rule, 0)].alerts += 1
        }
        return preview
    }

    func write(to w: inout JSONWriter) {
        w.object { w in
            w.object("now") { w in
                w.field("count", firing.count)
                w.array("alerts", firing.prefix(Self.listedAtMost)) { w, alert in
                    w.object { w in
                        w.field("id", alert.id.description)
                        w.field("severity", alert.severity)
                        w.field("summary", alert.summary)
                    }
                }
            }
            w.object("last_7_days") { w in
                w.field("count", weekCount)
                w.array("rules", week.values.sorted { $0.rule.id < $1.rule.id }) { w, entry in
                    w.object { w in
                        w.field("rule", entry.rule.object)
                        w.field("count", entry.alerts)
                    }
                }
            }
            w.field("security_alerts_spared", spared)
            w.field("complete", isComplete)
        }
    }
}
