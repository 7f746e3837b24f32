package import Access
package import Events
import JSON
import Kernel
package import Postgres

/// What becomes of the alert rules of somebody who leaves: they go to the heir and go on, or are suspended
/// with their owner.
package enum RuleLeaving {
    package struct Left: Sendable {
        package let id: AlertRuleID
        package let name: String
        package let isReassigned: Bool
    }

    private static let owned = Statement(
        "alert_rules_of_leaver",
        "select id, name from alert_rule where owner = $1 order by id for no key update")
    private static let ofBots = Statement(
        "alert_rules_of_leavers_bots", "select id, name from alert_rule where owner = any ($1) order by id")
    /// Whoever wrote what a rule does to keys stays its editor: it does nothing by the heir's rights until
    /// somebody who may do so changes it, or enables it anew.
    private static let give = Statement(
        "alert_rules_give",
        """
        update alert_rule set editor = coalesce(editor, owner), owner = $2, updated_at = $3,
            revision = revision + 1
        where owner = $1
        """)

    /// Those of their service accounts stay with them.
    package nonisolated(nonsending) static func listing(
        of bots: [PrincipalID], in transaction: Transaction
    ) async throws -> [Left] {
        try await transaction.query(ofBots, .textArray(bots.map(\.description))).map {
            Left(id: $0.id(0), name: $0.text(1), isReassigned: false)
        }
    }

    package nonisolated(nonsending) static func carryOut(
        _ leaver: PrincipalID, heir: PrincipalID?, _ change: Change
    ) async throws -> [Left] {
        let rows = try await change.transaction.query(owned, .text(leaver.description))
        let heir = change.context.may(.rulesWrite) ? heir : nil
        let left = rows.map { row in
            Left(id: row.id(0), name: row.text(1), isReassigned: heir != nil)
        }
        guard let heir, !left.isEmpty else { return left }
        _ = try await change.transaction.query(
            give, .text(leaver.description), .text(heir.description), .timestamp(change.context.now))
        for rule in left {
            change.audit("rules.update", rule.id, detail: ["changed": ["owner_id"]])
        }
        change.touchesConfiguration = true
        return left
    }
}
