package import Access
package import Events
package import Kernel
package import Postgres

/// Where messages are queued, in the transaction of what they tell. What is committed is sent at least once.
///
/// Call `enqueue` once a transaction, with all its messages: it takes the sequence rows of their webhooks in
/// the order of ids, and two calls in one transaction could take them in another order than a neighbour's.
package final class WebhookOutbox {
    /// Takes what is committed and leased to this node; nil when nobody sends on this worker.
    package typealias Taker = ([PendingDelivery]) -> Void

    private let directory: WebhookDirectory
    private let node: UUID
    private let clock: Clock
    private let entropy: Entropy
    /// Set by the dispatcher. Without one, rows wait for whoever polls.
    package var taker: Taker?
    /// Told of owners that may not act any more, after the commit that met them.
    package var onAbsentOwner: ((PrincipalID) -> Void)?
    /// Told of principals that were enabled, after the commit.
    package var onEnabledOwner: ((PrincipalID) -> Void)?

    package init(directory: WebhookDirectory, node: UUID, clock: Clock, entropy: Entropy) {
        (self.directory, self.node, self.clock, self.entropy) = (directory, node, clock, entropy)
    }

    /// For `Ledger.react`: direct subscriptions to events, and with them what `adding` makes of the events
    /// (the alerts that they fire).
    package func reaction(
        adding: (nonisolated(nonsending) ([Event], Transaction) async throws -> [Message])? = nil
    ) -> Ledger.Reaction {
        { events, transaction in
            let added = try await adding?(events, transaction) ?? []
            let queued = try await self.enqueue(events.compactMap { Message($0) } + added, in: transaction)
            let enabled = events.filter { $0.type == .userEnabled || $0.type == .serviceAccountEnabled }
            let disabled = events.filter { $0.type == .userDisabled || $0.type == .serviceAccountDisabled }
            if enabled.isEmpty && disabled.isEmpty { return queued }
            return {
                queued?()
                for owner in enabled.compactMap(\.principal) { self.onEnabledOwner?(owner) }
                for owner in disabled.compactMap(\.principal) { self.onAbsentOwner?(owner) }
            }
        }
    }

    /// False when `reaction` has nothing to do about events of this type.
    package func mayTake(_ type: EventType, at configuration: Int64) -> Bool {
        guard let webhooks = directory.newest?.webhooks, webhooks.configuration == configuration,
            !Self.ofOwners.contains(type)
        else { return true }
        return webhooks.takes(type.name)
    }

    private static let ofOwners: Set<EventType> = [
        .userEnabled, .serviceAccountEnabled, .userDisabled, .serviceAccountDisabled,
    ]

    /// Queues messages for whoever takes them and whose owner may read them. Returns what hands them over
    /// after the commit; without it they are found by a poll when the lease lapses.
    package nonisolated(nonsending) func enqueue(
        _ messages: [Message], in transaction: Transaction
    ) async throws -> (() -> Void)? {
        if messages.isEmpty { return nil }
        let view = try await directory.view(in: transaction)
        let targets = try await directory.targets(of: messages, view, in: transaction)
        var absent: Set<PrincipalID> = []
        let now = clock.now()
        let drafts = messages.flatMap { message in
            let takers = view.webhooks.takers(of: message).filter { entry in
                if view.rights[entry.owner] == nil { absent.insert(entry.owner) }
                return view.mayRead(entry.owner, message.permissions, about: message.thing, targets)
            }
            return editions(of: message, for: takers, view, targets).map { edition, takers in
                draft(edition, for: takers.map(\.id), message.thing.flatMap { targets[$0] }, at: now)
            }
        }
        let deliveries = try await insert(drafts.filter { !$0.receivers.isEmpty }, at: now, in: transaction)
        if deliveries.isEmpty && absent.isEmpty { return nil }
        return { [taker, onAbsentOwner] in
            if !deliveries.isEmpty { taker?(deliveries) }
            for owner in absent { onAbsentOwner?(owner) }
        }
    }

    /// Queues a message for one webhook whatever it subscribed to: the test button. Nil when there is no such
    /// webhook.
    nonisolated(nonsending) func enqueue(
        _ message: Message, forOnly webhook: WebhookID, in transaction: Transaction
    ) async throws -> (delivery: PendingDelivery, effect: () -> Void)? {
        // What sends it must know the webhook.
        _ = try await directory.view(in: transaction)
        let now = clock.now()
        let draft = draft(message, for: [webhook], nil, at: now)
        guard let delivery = try await insert([draft], at: now, in: transaction).first else { return nil }
        return (delivery, { [taker] in taker?([delivery]) })
    }

    /// Who gets all of it, and who gets what is for everybody.
    private func editions(
        of message: Message, for takers: [WebhookSnapshot.Entry], _ view: WebhookDirectory.View,
        _ targets: Targets
    ) -> [(Message, [WebhookSnapshot.Entry])] {
        guard let (whole, lesser) = message.editions else { return [(message, takers)] }
        let readsAll = takers.map { entry in
            view.mayRead(entry.owner, whole.permissions, about: message.thing, targets)
        }
        return [
            (whole, zip(takers, readsAll).filter(\.1).map(\.0)),
            (lesser, zip(takers, readsAll).filter { !$0.1 }.map(\.0)),
        ]
    }

    private func draft(
        _ message: Message, for receivers: [WebhookID], _ target: Target?, at now: Timestamp
    ) -> DeliveryDraft {
        DeliveryDraft(
            message: message, id: ID(UUID(at: now, entropy: entropy)),
            receivers: receivers.map { (webhook: $0, id: ID(UUID(at: now, entropy: entropy))) },
            target: target)
    }

    private nonisolated(nonsending) func insert(
        _ drafts: [DeliveryDraft], at now: Timestamp, in transaction: Transaction
    ) async throws -> [PendingDelivery] {
        if drafts.isEmpty { return [] }
        let lease = taker == nil ? nil : (node: node, until: now + Lease.length)
        return try await DeliveryQueue.insert(drafts, at: now, lease: lease, in: transaction)
    }
}

extension Event {
    /// Whom it is about, if that is a principal.
    fileprivate var principal: PrincipalID? { subject.flatMap { PrincipalID($0) } }
}
