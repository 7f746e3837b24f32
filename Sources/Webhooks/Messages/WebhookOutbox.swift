package import Access
package import Events
import JSON
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
    /// Told of webhooks for which alerts wait to be batched, after the commit.
    package var collector: (([WebhookID]) -> Void)?
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

    /// Queues messages for whoever takes them and whose owner may read them. An owner who may not act is met
    /// before the webhook is suspended: what comes until then waits, as what came before does, and is judged
    /// by what the owner may read when it goes. Returns what hands them over after the commit; without it
    /// they are found by a poll when the lease lapses. What it writes leaves with the commit, so that the
    /// webhooks' sequence rows are held for no round trip.
    package nonisolated(nonsending) func enqueue(
        _ messages: [Message], in transaction: Transaction
    ) async throws -> (() -> Void)? {
        if messages.isEmpty { return nil }
        let view = try await directory.view(in: transaction)
        let targets = try await directory.targets(of: messages, view, in: transaction)
        var absent: Set<PrincipalID> = []
        var batched: [BatchQueue.Item] = []
        let now = clock.now()
        let drafts = messages.flatMap { message in
            let takers = view.webhooks.takers(of: message).filter { entry in
                guard view.rights[entry.owner] != nil else {
                    absent.insert(entry.owner)
                    return true
                }
                return view.mayRead(entry.owner, message.permissions, about: message.thing, targets)
            }
            return editions(of: message, for: takers, view, targets).flatMap { edition, takers in
                let target = message.thing.flatMap { targets[$0] }
                return DeliveryTerms.Payload.allCases.compactMap { payload in
                    let alike = takers.filter { $0.terms.payload == payload }
                    let apart = alike.filter { $0.terms.isBatched && edition.isBatchable }
                    batched += apart.map { item(edition, for: $0, at: now) }
                    let alone = alike.filter { !($0.terms.isBatched && edition.isBatchable) }
                    return alone.isEmpty ? nil : draft(edition, for: alone, payload, target, at: now)
                }
            }
        }
        let queued = try await send(drafts, at: now, in: transaction)
        BatchQueue.send(batched, at: now, in: transaction)
        if drafts.isEmpty && absent.isEmpty && batched.isEmpty { return nil }
        let waiting = Array(Set(batched.map(\.webhook)))
        return { [taker, collector, onAbsentOwner] in
            if let deliveries = queued?.committed, !deliveries.isEmpty { taker?(deliveries) }
            if !waiting.isEmpty { collector?(waiting) }
            for owner in absent { onAbsentOwner?(owner) }
        }
    }

    /// Queues a message for one webhook whatever it subscribed to: the test button, Keybell's own heartbeat.
    /// Nil when there is no such webhook.
    package nonisolated(nonsending) func enqueue(
        _ message: Message, forOnly webhook: WebhookID, in transaction: Transaction
    ) async throws -> (delivery: PendingDelivery, effect: () -> Void)? {
        // What sends it must know the webhook.
        let view = try await directory.view(in: transaction)
        guard let entry = view.webhooks.entries[webhook] else { return nil }
        let now = clock.now()
        let draft = draft(message, for: [entry], entry.terms.payload, nil, at: now)
        let queued = try await send([draft], at: now, in: transaction)
        guard let delivery = try await queued?.deliveries().first else { return nil }
        return (delivery, { [taker] in taker?([delivery]) })
    }

    /// Nil: they may not act.
    nonisolated(nonsending) func rights(
        of owner: PrincipalID, in transaction: Transaction
    ) async throws -> Rights? {
        try await directory.view(in: transaction).rights[owner]
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
        _ message: Message, for receivers: [WebhookSnapshot.Entry], _ payload: DeliveryTerms.Payload,
        _ target: Target?, at now: Timestamp
    ) -> DeliveryDraft {
        var draft = DeliveryDraft(
            message: message, id: newID(at: now),
            receivers: receivers.map { entry in
                DeliveryDraft.Receiver(
                    webhook: entry.id, id: newID(at: now),
                    orderKey: entry.orderKey(of: message))
            },
            body: MessageBody(message, payload), target: target)
        (draft.alerts, draft.events) = (message.alerts, message.events)
        return draft
    }

    private func newID<Kind>(at now: Timestamp) -> ID<Kind> { ID(UUID(at: now, entropy: entropy)) }

    private nonisolated(nonsending) func send(
        _ drafts: [DeliveryDraft], at now: Timestamp, in transaction: Transaction
    ) async throws -> QueuedDeliveries? {
        if drafts.isEmpty { return nil }
        return try await DeliveryQueue.send(
            drafts, at: now, leasedBy: taker == nil ? nil : node, in: transaction)
    }
}

// MARK: Replays

extension WebhookOutbox {
    /// What of these messages one webhook would get. Its owner may read it.
    nonisolated(nonsending) func due(
        _ messages: [Message], for webhook: WebhookID, in transaction: Transaction
    ) async throws -> [Message] {
        let view = try await directory.view(in: transaction)
        guard let entry = view.webhooks.entries[webhook] else { return [] }
        let targets = try await directory.targets(of: messages, view, in: transaction)
        return messages.filter(entry.takes).filter {
            view.mayRead(entry.owner, $0.permissions, about: $0.thing, targets)
        }.flatMap { message in
            editions(of: message, for: [entry], view, targets).filter { !$0.1.isEmpty }.map(\.0)
        }
    }

    /// Queues them for one webhook, each by itself and out of any order, but for what keeps state there.
    /// Whoever polls finds them.
    nonisolated(nonsending) func enqueue(
        _ messages: [Message], again webhook: WebhookID, in transaction: Transaction
    ) async throws -> [DeliveryID] {
        let view = try await directory.view(in: transaction)
        guard let entry = view.webhooks.entries[webhook] else { return [] }
        let now = clock.now()
        let drafts = messages.map { message in
            DeliveryDraft(
                message: message, id: newID(at: now),
                receivers: [
                    DeliveryDraft.Receiver(
                        webhook: webhook, id: newID(at: now), orderKey: entry.stateKey(of: message))
                ],
                body: MessageBody(message, entry.terms.payload))
        }
        if drafts.isEmpty { return [] }
        let queued = try await DeliveryQueue.send(drafts, at: now, leasedBy: nil, in: transaction)
        return try await queued.deliveries().map(\.id)
    }
}

// MARK: Batches

extension Message {
    /// Alerts alone; a test, and what is said of endpoints, come at once.
    fileprivate var isBatchable: Bool { alert != nil }
}

extension WebhookOutbox {
    private func item(_ message: Message, for webhook: WebhookSnapshot.Entry, at now: Timestamp)
        -> BatchQueue.Item
    {
        guard let alert = message.alert else { preconditionFailure("only alerts are batched") }
        return BatchQueue.Item(
            id: newID(at: now), webhook: webhook.id, alert: alert, event: message.event,
            permissions: message.permissions,
            thing: message.thing, body: MessageBody.whole(message, webhook.terms.payload))
    }

    /// Items that one transaction makes batches of.
    private static let itemsAtOnce = 500

    /// Makes deliveries of the alerts that wait for a webhook.
    nonisolated(nonsending) func makeBatches(
        for webhook: WebhookID, in database: Database
    ) async throws -> (deliveries: [PendingDelivery], isFull: Bool) {
        let now = clock.now()
        return try await database.transaction { transaction in
            let items = try await BatchQueue.take(most: Self.itemsAtOnce, of: webhook, in: transaction)
            if items.isEmpty { return ([], false) }
            let view = try await self.directory.view(in: transaction)
            guard let entry = view.webhooks.entries[webhook] else { return ([], false) }
            let batches = Batches.of(items, at: now) { permissions in
                view.mayRead(entry.owner, permissions, about: nil, [:])
            }
            let drafts = batches.map { self.draft($0, for: entry, at: now) }
            let deliveries = try await self.send(drafts, at: now, in: transaction)?.deliveries() ?? []
            return (deliveries, items.count == Self.itemsAtOnce)
        }
    }

    private func draft(
        _ batch: Batches.Batch, for webhook: WebhookSnapshot.Entry, at now: Timestamp
    ) -> DeliveryDraft {
        let message = Message(
            type: Batches.type, timestamp: now, data: JSONObject(), event: nil,
            permissions: batch.permissions, about: batch.thing, to: .webhooks([webhook.id]))
        var draft = DeliveryDraft(
            message: message, id: newID(at: now),
            receivers: [DeliveryDraft.Receiver(webhook: webhook.id, id: newID(at: now), orderKey: nil)],
            body: batch.body)
        draft.alerts = batch.items.map(\.alert)
        draft.events = batch.items.compactMap(\.event)
        return draft
    }
}

extension Event {
    /// Whom it is about, if that is a principal.
    fileprivate var principal: PrincipalID? { subject.flatMap { PrincipalID($0) } }
}
