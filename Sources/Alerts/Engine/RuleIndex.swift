import Access
import Events
import JSON
import Postgres

/// The rules that run, found by event type: what an event costs depends on the rules that take its type, not
/// on how
/// many there are. One worker's, and as one configuration number stands for them.
final class RuleIndex {
    let configuration: Int64
    private var byType: [String: [AlertRule]] = [:]
    /// Own events are not listed anywhere, so areas such as `custom.*` stand for them: `custom.`.
    private var byCustomArea: [String: [AlertRule]] = [:]

    init(configuration: Int64, rules: [AlertRule]) {
        self.configuration = configuration
        for rule in rules {
            for type in EventType.all where rule.content.takes(type) {
                byType[type.name, default: []].append(rule)
            }
            for pattern in rule.content.on where pattern.takesCustom {
                if pattern.text.hasSuffix(".*") {
                    byCustomArea[String(pattern.text.dropLast()), default: []].append(rule)
                } else {
                    byType[pattern.text, default: []].append(rule)
                }
            }
        }
    }

    /// Each rule once.
    func rules(taking type: EventType) -> [AlertRule] {
        let exact = byType[type.name] ?? []
        guard type.isCustom, !byCustomArea.isEmpty else { return exact }
        var seen: Set<AlertRuleID> = []
        return (exact + areas(of: type.name).flatMap { byCustomArea[$0] ?? [] }).filter {
            seen.insert($0.id).inserted
        }
    }

    /// `custom.`, `custom.balance.` for `custom.balance.low`.
    private func areas(of name: String) -> [String] {
        name.indices.filter { name[$0] == "." }.map { String(name[...$0]) }
    }
}

extension RuleIndex {
    /// Suspended ones too: whether their owners may act is asked by event, and needs no new index when that
    /// changes.
    private static let load = Statement(
        "alert_rule_index",
        """
        select id, owner, status, status_reason, version, revision, created_at, updated_at, name, severity,
            event_types, condition, group_by, cooldown, labels, send_to, is_security, is_retroactive,
                '[]'::json,
            null::timestamptz
        from alert_rule where status <> 'disabled' order by id
        """)

    /// - Parameter source: not the transaction that asks, whose own changes may yet be undone.
    nonisolated(nonsending) static func load(
        configuration: Int64, from source: any Queryable
    ) async throws -> RuleIndex {
        let rules = try await source.query(load).compactMap { AlertRule($0) }
        return RuleIndex(configuration: configuration, rules: rules)
    }
}
