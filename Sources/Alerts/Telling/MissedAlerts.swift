package import Access
package import Events
import Kernel
package import Postgres
package import Webhooks

/// Alerts as messages again, for a replay of what a webhook never got: those that were told once, and those
/// that nobody could be told of.
package struct MissedAlerts {
    /// That there was nobody to tell is no wish of anybody's: what is so is not hidden, but lost.
    private static let hidden = Statement(
        "alert_missed_hidden",
        """
        select event from alert_telling where event = any ($1::uuid[]) and verdict = 'hidden'
            and not reasons::jsonb @> any (array['[{"by": "unreachable"}]', '[{"by": "webhook"}]']::jsonb[])
        """)
    /// It is noted once of each alert, and what the alert says of itself may be of a later firing.
    private static let lost = Statement(
        "alert_missed_lost",
        """
        select id from alert where id = any ($1::uuid[]) and not is_told and (
            untold::jsonb @> any (array['[{"by": "unreachable"}]', '[{"by": "webhook"}]']::jsonb[])
            or exists (select from alert_telling t where t.alert = alert.id and t.verdict = 'hidden'
                and t.reasons::jsonb
                    @> any (array['[{"by": "unreachable"}]', '[{"by": "webhook"}]']::jsonb[])))
        """)
    private static let show = Statement(
        "alert_missed_told",
        """
        update alert set untold = null, is_told = true, tells_subscribers = t.subscribed,
            told_to = string_to_array(t.named, ' ')::uuid[]
        from unnest($1::uuid[], $2::text[], $3::boolean[]) as t (id, named, subscribed)
        where alert.id = t.id and not is_told
        """)
    /// What waited until the webhook takes messages again.
    private static let forget = Statement(
        "alert_missed_due",
        """
        delete from alert_due where kind = 'held' and is_muted and webhook = $1
            and alert = any ($2::uuid[]) and event = any ($3::uuid[])
        """)

    private let teller: Teller

    package init(_ engine: AlertEngine) { teller = engine.teller }

    package nonisolated(nonsending) func messages(
        for events: [Event], in transaction: Transaction
    ) async throws -> [Message] {
        let blind = try await BlindRules.messages(for: events, by: teller, in: transaction)
        let said = events.filter { $0.type.name.hasPrefix("alert.") }
        guard !said.isEmpty else { return blind }
        let hidden = Set(
            try await transaction.query(Self.hidden, .idArray(said.map(\.id))).map {
                $0.id(0, as: EventKind.self)
            })
        let missed = said.filter { !hidden.contains($0.id) }
        let alerts = Set(missed.compactMap { $0.subject.flatMap { AlertID($0) } })
        let lost: [AlertID] = try await transaction.query(Self.lost, .idArray(Array(alerts))).map { $0.id(0) }
        let found = try await teller.audiences(of: lost, in: missed, transaction)
        return try await blind + AlertAudience.said(missed, finding: found, in: transaction).map(\.message)
    }

    /// They go to the webhook: what is said of them from now on is told as of any alert that was told, to all
    /// who were meant.
    package nonisolated(nonsending) func note(
        _ sent: [Message], to webhook: WebhookID, in transaction: Transaction
    ) async throws {
        let targets = Dictionary(
            sent.compactMap { message in message.alert.map { ($0, message.target) } },
            uniquingKeysWith: Self.wider)
        guard !targets.isEmpty else { return }
        let alerts = targets.keys.sorted()
        let named = alerts.map { targets[$0]?.named ?? [] }
        _ = try await transaction.query(
            Self.show, .idArray(alerts),
            .textArray(named.map { $0.map(\.uuid.description).joined(separator: " ") }),
            .boolArray(alerts.map { targets[$0]?.hasSubscribers ?? false }))
        _ = try await transaction.query(
            Self.forget, .id(webhook), .idArray(alerts), .idArray(sent.compactMap(\.event)))
    }

    /// A step of an escalation told fewer than its alert is for.
    private static func wider(_ one: Message.Target, _ other: Message.Target) -> Message.Target {
        let named = one.named + other.named.filter { !one.named.contains($0) }
        if one.hasSubscribers || other.hasSubscribers {
            return named.isEmpty ? .subscribers : .subscribersAnd(named)
        }
        return .webhooks(named)
    }
}
