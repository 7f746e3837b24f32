import Access
import Events
import Identity
import Kernel
import Postgres

/// Webhooks and alert rules that take events which their owner may no longer see: they go on, and are told
/// less.
enum LosingSight {
    private static let webhooks = Statement(
        "losing_sight_webhooks",
        "select id, owner, event_types from webhook where owner = any ($1) order by id")
    private static let alertRules = Statement(
        "losing_sight_rules",
        "select id, owner, event_types from alert_rule where owner = any ($1) order by id")

    static var eyes: OwnersEyes {
        OwnersEyes(
            webhooks: { lost, source in
                try await find(webhooks, lost, in: source) { (id: WebhookID) in id.description }
            },
            alertRules: { lost, source in
                try await find(alertRules, lost, in: source) { (id: AlertRuleID) in id.description }
            })
    }

    private nonisolated(nonsending) static func find<Kind>(
        _ statement: Statement, _ lost: [PrincipalID: Set<Permission>], in source: any Queryable,
        _ text: (ID<Kind>) -> String
    ) async throws -> [String] {
        try await source.query(statement, .textArray(lost.keys.map(\.description))).compactMap { row in
            guard let owner = PrincipalID(row.text(1)), let lost = lost[owner],
                !lost.isDisjoint(with: permissions(toSee: row.textArray(2)))
            else { return nil }
            return text(row.id(0))
        }
    }

    private static func permissions(toSee patterns: [String]) -> Set<Permission> {
        patterns.compactMap { EventPattern(ofRule: $0) }.reduce(into: []) { needed, pattern in
            needed.formUnion(pattern.types.map(\.permission))
            if pattern.takesCustom { needed.insert(.eventsRead) }
        }
    }
}
