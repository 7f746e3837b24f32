import Access
import Events
import JSON
import Kernel
import Postgres

/// Rules with more groups than are kept: said once a day, since what is forgotten cannot fire.
enum Overflows {
    private static let every: Period = .hours(24)
    private static let recent = Statement(
        "rule_overflow_recent",
        "select subject from event where type = $1 and subject = any ($2::text[]) and at > $3")

    nonisolated(nonsending) static func new(
        _ evicted: [AlertRuleID: Int], _ rules: [AlertRuleID: AlertRule], _ ledger: Ledger,
        in transaction: Transaction
    ) async throws -> [Event] {
        guard !evicted.isEmpty else { return [] }
        let now = ledger.clock.now()
        let told = try await transaction.query(
            recent, .text(EventType.ruleOverflowed.name), .textArray(evicted.keys.map(\.description)),
            .timestamp(now - every))
        let known = Set(told.map { $0.text(0) })
        return evicted.sorted { $0.key < $1.key }.compactMap { id, count in
            guard let rule = rules[id], !known.contains(id.description) else { return nil }
            let new = NewEvent(
                .ruleOverflowed, subject: id,
                [
                    "rule_id": .string(id.description), "name": .string(rule.content.name),
                    "owner_id": .string(rule.owner.description), "groups": .number(JSONNumber(count)),
                ])
            return Event(
                id: ledger.newID(), at: now, type: new.type, subject: new.subject, actor: .installation,
                data: new.data)
        }
    }
}
