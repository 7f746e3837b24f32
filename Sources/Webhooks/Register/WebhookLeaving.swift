package import Access
package import Events
import JSON
import Kernel
import Postgres

/// What becomes of the webhooks of somebody who leaves. Without an heir they are suspended with their owner.
package struct WebhookLeaving {
    package enum Fate: Sendable { case reassigned, suspended, kept }

    package struct Left: Sendable {
        package let id: WebhookID
        package let name: String
        package let fate: Fate
        package let note: String?
    }

    private static let owned = Statement(
        "webhooks_of_leaver", "select id from webhook where owner = $1 order by id")
    private static let ofBots = Statement(
        "webhooks_of_leavers_bots", "select id, name from webhook where owner = any ($1) order by id")
    private static let give = Statement(
        "webhook_give",
        """
        update webhook set owner = $2, status = $3, status_reason = $4, down_since = $5, updated_at = $6,
            revision = revision + 1
        where id = $1
        """)

    private let rights: RightsReader

    package init(rights: RightsReader) { self.rights = rights }

    /// Those of their service accounts stay with them; the address may be the leaver's choice all the same.
    package nonisolated(nonsending) func listing(
        of bots: [PrincipalID], _ change: Change
    ) async throws -> [Left] {
        try await change.transaction.query(Self.ofBots, .textArray(bots.map(\.description))).map {
            Left(id: $0.id(0), name: $0.text(1), fate: .kept, note: "It is a bot's: look at its address.")
        }
    }

    /// A webhook sees with its owner's eyes, and its address is the leaver's choice: where the heir may see
    /// more, it waits until the heir has looked at it.
    package nonisolated(nonsending) func carryOut(
        _ leaver: PrincipalID, heir: PrincipalID?, _ change: Change
    ) async throws -> [Left] {
        var left: [Left] = []
        let ids = try await change.transaction.query(Self.owned, .text(leaver.description))
            .map { $0.id(0, as: WebhookKind.self) }
        if ids.isEmpty { return [] }
        let both = try await rights.rights(of: [leaver] + (heir.map { [$0] } ?? []), in: change.transaction)
        let seesMore = heir.map { Self.sees((both[$0] ?? .none), moreThan: both[leaver] ?? .none) } ?? false
        for id in ids {
            guard
                let webhook = try await WebhookStore.lock(
                    id, at: change.context.now, in: change.transaction)?.webhook
            else { continue }
            guard let heir, change.context.may(.webhooksWrite) else {
                left.append(Left(id: id, name: webhook.name, fate: .suspended, note: nil))
                continue
            }
            left.append(try await give(webhook, to: heir, waiting: seesMore, change))
        }
        return left
    }

    /// What either has in part only is taken for more: nobody compares scopes for a webhook that may wait.
    private static func sees(_ heir: Rights, moreThan leaver: Rights) -> Bool {
        !heir.somewhere.isSubset(of: leaver.everywhere)
    }

    private nonisolated(nonsending) func give(
        _ webhook: Webhook, to heir: PrincipalID, waiting: Bool, _ change: Change
    ) async throws -> Left {
        var webhook = webhook
        if waiting, webhook.status != .disabled {
            let reason = Webhook.DisableReason.newOwner
            webhook.become(.disabled, reason: reason.sentence, at: change.context.now)
            change.emit(webhook.event(.endpointDisabled, ["reason": .string(reason.rawValue)]))
        }
        _ = try await change.transaction.query(
            Self.give, .id(webhook.id), .text(heir.description), .text(webhook.status.rawValue),
            .text(webhook.statusReason), .timestamp(webhook.downSince), .timestamp(change.context.now))
        change.audit("webhooks.change", webhook.id, detail: ["changed": ["owner_id"]])
        change.touchesConfiguration = true
        let note = waiting ? "Disabled: its new owner may see more. Look at its address, and enable it." : nil
        return Left(id: webhook.id, name: webhook.name, fate: .reassigned, note: note)
    }
}
