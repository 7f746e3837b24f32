package import Access
import Kernel
package import Postgres
package import Webhooks

/// Routes, steps of escalations, rules, and what watches Keybell itself.
extension WebhookUses {
    private enum Kind: String {
        case route, step, rule, heartbeat

        var permission: Permission {
            switch self {
            case .route, .step: .routesRead
            case .rule: .rulesRead
            case .heartbeat: .webhooksRead
            }
        }
    }

    private static let find = Statement(
        "webhook_uses",
        """
        select 'route', name, null::bigint from alert_route where $1 = any (webhooks)
        union all
        select 'step', r.name, s.number
        from alert_route r cross join jsonb_array_elements(r.escalation) with ordinality as s (step, number)
        where s.step->'webhook_ids' ? $2
        union all
        select 'rule', name, null from alert_rule where $1 = any (send_to)
        union all
        select 'heartbeat', '', null from heartbeat_watch where webhook = $1
        order by 1, 2, 3
        """)

    /// For `WebhookEndpoints`, once the webhook's row is held against new ones.
    package nonisolated(nonsending) static func read(
        _ webhook: WebhookID, _ context: Context, _ transaction: Transaction
    ) async throws -> WebhookUses {
        var (shown, others): ([String], Int) = ([], 0)
        for row in try await transaction.query(find, .id(webhook), .text(webhook.description)) {
            guard let kind = Kind(rawValue: row.text(0)), context.may(kind.permission) else {
                others += 1
                continue
            }
            switch kind {
            case .route: shown.append("route \"\(row.text(1))\"")
            case .step: shown.append("step \(row.int(2)) of route \"\(row.text(1))\"")
            case .rule: shown.append("rule \"\(row.text(1))\"")
            case .heartbeat: shown.append("the settings of Keybell's own heartbeat")
            }
        }
        return WebhookUses(shown: shown, others: others)
    }
}
