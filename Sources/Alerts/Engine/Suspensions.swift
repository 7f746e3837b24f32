import Access
import Events
import JSON
import Kernel
import Postgres

/// Rules follow their owners: suspended when the owner is disabled, back when the owner is enabled again.
/// What stops
/// them is that the owner may do nothing any more; the status tells people.
enum Suspensions {
    private static let reason = "its owner is disabled"

    private static let suspend = Statement(
        "alert_rule_suspend",
        """
        with held as (
            select id from alert_rule where owner = any ($1::text[]) and status in ('enabled', 'error',
                'no_data')
            order by id for no key update
        )
        update alert_rule r set status = 'suspended', status_reason = $2, updated_at = $3, revision =
            r.revision + 1
        from held where r.id = held.id
        returning r.id, r.name, r.owner
        """)
    private static let resume = Statement(
        "alert_rule_resume",
        """
        with held as (
            select id from alert_rule where owner = any ($1::text[]) and status = 'suspended'
            order by id for no key update
        )
        update alert_rule r set status = 'enabled', status_reason = null, updated_at = $2, revision =
            r.revision + 1
        from held where r.id = held.id
        """)

    /// Returns the events of what was suspended, not yet stored.
    nonisolated(nonsending) static func write(
        _ events: [Event], newID: () -> EventID, in transaction: Transaction
    ) async throws -> [Event] {
        let enabled = events.filter { $0.type == .userEnabled || $0.type == .serviceAccountEnabled }
        if let first = enabled.first {
            _ = try await transaction.query(
                resume, .textArray(enabled.compactMap(\.subject)), .timestamp(first.at))
        }
        let disabled = events.filter { $0.type == .userDisabled || $0.type == .serviceAccountDisabled }
        guard let first = disabled.first else { return [] }
        let rows = try await transaction.query(
            suspend, .textArray(disabled.compactMap(\.subject)), .text(reason), .timestamp(first.at))
        return rows.map { row in
            let rule = row.id(0, as: AlertRuleKind.self)
            let new = NewEvent(
                .ruleSuspended, subject: rule,
                [
                    "rule_id": .string(rule.description), "name": .string(row.text(1)),
                    "owner_id": .string(row.text(2)), "reason": .string(reason),
                ])
            return Event(
                id: newID(), at: first.at, type: new.type, subject: new.subject, actor: .installation,
                data: new.data)
        }
    }
}
