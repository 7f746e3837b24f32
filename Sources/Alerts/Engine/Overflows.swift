import Access
import Events
import JSON
import Kernel
import Postgres

/// Rules with more groups than are kept, or more values of a group: said once a day, since what is forgotten
/// cannot be counted.
enum Overflows {
    /// What of a rule gave way.
    struct Lost {
        var groups = 0
        var values = 0
    }

    private static let every: Period = .hours(24)
    private static let recent = Statement(
        "rule_overflow_recent",
        "select subject from event where type = $1 and subject = any ($2::text[]) and at > $3")

    static func lost(
        groups: [AlertRuleID: Int], values: [AlertRuleID: Int] = [:]
    ) -> [AlertRuleID: Lost] {
        var lost = groups.mapValues { Lost(groups: $0) }
        for (rule, count) in values { lost[rule, default: Lost()].values = count }
        return lost
    }

    nonisolated(nonsending) static func new(
        _ lost: [AlertRuleID: Lost], of index: RuleIndex, _ ledger: Ledger,
        in transaction: Transaction
    ) async throws -> [Event] {
        guard !lost.isEmpty else { return [] }
        let now = ledger.clock.now()
        let told = try await transaction.query(
            recent, .text(EventType.ruleOverflowed.name), .textArray(lost.keys.map(\.description)),
            .timestamp(now - every))
        let known = Set(told.map { $0.text(0) })
        return lost.sorted { $0.key < $1.key }.compactMap { id, lost in
            guard let rule = index.rule(id), !known.contains(id.description) else { return nil }
            let new = NewEvent(
                .ruleOverflowed, subject: id,
                [
                    "rule_id": .string(id.description), "name": .string(rule.content.name),
                    "owner_id": rule.ownerValue, "groups": .number(JSONNumber(lost.groups)),
                    "values": .number(JSONNumber(lost.values)),
                ])
            return Event(
                id: ledger.newID(), at: now, type: new.type, subject: new.subject, actor: .installation,
                data: new.data)
        }
    }
}
