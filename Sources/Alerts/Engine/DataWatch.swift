import Access
import Events
import JSON
import Kernel
import Postgres

/// Rules that hear nothing any more: monitoring is blind, which is told once, and never as the rule's own
/// alert.
struct DataWatch {
    let rule: AlertRule
    /// False: it hears something again.
    let isSilent: Bool
    let at: Timestamp

    private static let mark = Statement(
        "alert_rule_no_data",
        """
        update alert_rule set status = 'no_data', status_reason = f.reason, revision = revision + 1
        from unnest($1::uuid[], $2::text[]) as f (rule, reason)
        where id = f.rule and status in ('enabled', 'error')
        returning id
        """)
    private static let unmark = Statement(
        "alert_rule_data_again",
        """
        update alert_rule set status = 'enabled', status_reason = null, revision = revision + 1
        where id = any ($1::uuid[]) and status = 'no_data'
        """)

    /// Returns what is told, not yet stored.
    nonisolated(nonsending) static func write(
        _ watches: [DataWatch], newID: () -> EventID, in transaction: Transaction
    ) async throws -> [Event] {
        // Of a rule that fell silent and spoke in one page, the last counts.
        let newest = Dictionary(watches.map { ($0.rule.id, $0) }, uniquingKeysWith: { $1 })
        let ordered = newest.sorted { $0.key < $1.key }.map(\.value)
        let heard = ordered.filter { !$0.isSilent }
        if !heard.isEmpty { _ = try await transaction.query(unmark, .idArray(heard.map(\.rule.id))) }
        let silent = ordered.filter(\.isSilent)
        guard !silent.isEmpty else { return [] }
        let rows = try await transaction.query(
            mark, .idArray(silent.map(\.rule.id)), .textArray(silent.map(\.reason)))
        let new = Set(rows.map { $0.id(0, as: AlertRuleKind.self) })
        return silent.filter { new.contains($0.rule.id) }.map { $0.event(id: newID()) }
    }

    private var reason: String { "no event came for \(rule.content.course.noDataAfter?.text ?? "")" }

    private func event(id: EventID) -> Event {
        let new = NewEvent(
            .ruleNoData, subject: rule.id,
            [
                "rule_id": .string(rule.id.description), "name": .string(rule.content.name),
                "owner_id": rule.ownerValue, "reason": .string(reason),
            ])
        return Event(
            id: id, at: at, type: new.type, subject: new.subject, actor: .installation, data: new.data)
    }
}

extension AlertRule {
    /// What listens whether anything comes at all; nil when nobody wants to know.
    var watch: RuleMachine? {
        guard let lapse = content.course.noDataAfter else { return nil }
        var listening = content
        (listening.when, listening.groupBy) = (nil, [])
        listening.course = RuleCourse(
            window: RuleWindow(
                measure: .events, bound: .below(Decimal(exactly: 1)), within: lapse, form: .absence))
        return RuleMachine(listening)
    }

    /// Beside those of its groups.
    var watchKey: StateKey { StateKey(id, UUID(high: .max, low: .max)) }
}
