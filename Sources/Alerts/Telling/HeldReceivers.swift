import Access
import Events
import Kernel
import Postgres
import Webhooks

/// The webhooks that something was held for, as they are when it is told.
struct HeldReceivers {
    /// One that takes messages, and whose owner may act.
    struct Receiver {
        let owner: Rights
        let matchers: [LabelMatcher]
        /// Each alert is an incident of its own there.
        let isPager: Bool
    }

    /// What is older is not told any more.
    private static let waitsAtMost: Period = .hours(24)
    static let triedEvery: Period = .minutes(5)

    private static let find = Statement(
        "alert_due_receivers",
        """
        select w.id, w.owner, w.matchers, w.status, coalesce(c.kind = 'pagerduty', false)
        from webhook w left join webhook_channel c on c.webhook = w.id where w.id = any ($1::uuid[])
        """)

    private(set) var able: [WebhookID: Receiver] = [:]
    /// Those that may take messages again: their owners may not act now, or they are disabled.
    private var away: Set<WebhookID> = []

    nonisolated(nonsending) static func read(
        _ webhooks: Set<WebhookID>, _ rights: OwnerRights, in transaction: Transaction
    ) async throws -> HeldReceivers {
        let rows = try await transaction.query(find, .idArray(Array(webhooks))).map { row in
            (
                id: row.id(0, as: WebhookKind.self), owner: PrincipalID(row.text(1)),
                matchers: DeliveryTerms.matchers(row.json(2)),
                takesMessages: Webhook.Status(rawValue: row.text(3))?.takesMessages ?? false,
                isPager: row.bool(4)
            )
        }
        let (epoch, _) = try await Authority.numbers(in: transaction)
        let owners = try await rights.rights(of: Set(rows.compactMap(\.owner)), at: epoch)
        var receivers = HeldReceivers()
        for row in rows {
            if row.takesMessages, let owner = row.owner.flatMap({ owners[$0] }) {
                receivers.able[row.id] = Receiver(
                    owner: owner, matchers: row.matchers, isPager: row.isPager)
            } else {
                receivers.away.insert(row.id)
            }
        }
        return receivers
    }

    /// Until when it is held for one that takes nothing now; nil: it is told, or never.
    /// - Parameter event: when what is to be told happened; nil: it is not known any more.
    func wait(for webhook: WebhookID, since event: Timestamp?, at now: Timestamp) -> Timestamp? {
        guard away.contains(webhook), let event, now - event < Self.waitsAtMost else { return nil }
        return now + Self.triedEvery
    }
}
