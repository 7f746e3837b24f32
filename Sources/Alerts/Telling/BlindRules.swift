import Access
import Events
import JSON
import Kernel
import Postgres
import Webhooks

/// "Monitoring is blind": told once to those whom the rule's alerts are for, never as one of its alerts.
/// Neither silences nor quiet hours hold it, since nobody can say what it hides.
enum BlindRules {
    private static let find = Statement(
        "blind_rules",
        """
        select id, name, version, severity, is_security, labels, send_to from alert_rule
        where id = any ($1::uuid[])
        """)

    /// - Parameter events: of `EventType.blindness`; others are left out.
    nonisolated(nonsending) static func messages(
        for events: [Event], by teller: Teller, in transaction: Transaction
    ) async throws -> [Message] {
        let blind = events.filter { EventType.blindness.contains($0.type) }
        guard !blind.isEmpty else { return [] }
        let rows = try await transaction.query(
            find, .idArray(blind.compactMap { $0.subject.flatMap { AlertRuleID($0) } }))
        let book = try await teller.book(in: transaction)
        let chosen = Dictionary(
            rows.map { ($0.id(0, as: AlertRuleKind.self).description, Chosen($0, in: book)) },
            uniquingKeysWith: { $1 })
        let all = blind.compactMap { event in
            let webhooks = event.subject.flatMap { chosen[$0]?.webhooks } ?? []
            return Message(event, to: .webhooks(webhooks + book.subscribers))
        }
        let reach = try await teller.reach(of: all, in: transaction)
        return zip(blind, all).compactMap { event, message in
            let chosen = event.subject.flatMap { chosen[$0] }
            let webhooks = chosen?.told(of: message, reach, in: book) ?? book.subscribers
            return Message(event, to: .subscribersAnd(webhooks))
        }
    }

    /// As of an alert of the rule whose group nobody knows.
    private struct Chosen {
        let webhooks: [WebhookID]
        /// A route alone takes what is about security from nobody who subscribed.
        private let isForAll: Bool

        init(_ row: Row, in book: TellingBook) {
            let (isSecurity, sendTo) = (row.bool(4), row.idArray(6, as: WebhookKind.self))
            let facts = AlertFacts(
                rule: RuleReference(id: row.id(0), name: row.text(1), version: row.int(2)),
                severity: row.text(3), isSecurity: isSecurity, eventType: "", labels: row.object(5),
                group: JSONObject())
            let routed = book.routes.filter { $0.matchers.take(facts) }.flatMap(\.webhooks)
            webhooks = sendTo.isEmpty ? routed : sendTo
            isForAll = sendTo.isEmpty && isSecurity
        }

        /// Those who subscribed, too, where none of the others would hear of it.
        func told(of message: Message, _ reach: WebhookReach, in book: TellingBook) -> [WebhookID] {
            let isHeard = webhooks.contains { reach.takes($0, message, as: .webhooks([$0])) }
            if isHeard, !isForAll { return webhooks }
            return webhooks + book.subscribers.filter { !webhooks.contains($0) }
        }
    }
}
