package import Access
import Kernel
package import Postgres

/// What one worker knows of webhooks and of their owners' rights: snapshots that `authority` guards. Whoever
/// relies on them reads both numbers in the same transaction.
package final class WebhookDirectory {
    /// Both at one moment.
    struct View {
        let webhooks: WebhookSnapshot
        let rights: [PrincipalID: Rights]

        /// The owner may act, and read all of that, about a key or an account or in general.
        func mayRead(
            _ owner: PrincipalID, _ permissions: [Permission], about thing: String?, _ targets: Targets
        ) -> Bool {
            rights[owner].map { $0.may(permissions, to: thing, targets) } ?? false
        }

        /// As it is known what it is about.
        func mayRead(_ owner: PrincipalID, _ delivery: PendingDelivery) -> Bool {
            var targets: Targets = [:]
            if let thing = delivery.thing { targets[thing] = delivery.target }
            return mayRead(owner, delivery.permissions, about: delivery.thing, targets)
        }
    }

    private let database: Database
    private let owners: OwnerRights
    private var latest: (view: View, epoch: Int64)?

    private let things: TargetSource

    package init(rights: RightsReader, in database: Database, things: TargetSource = .none) {
        (self.database, self.things) = (database, things)
        owners = OwnerRights(database: database, reader: rights)
    }

    /// What messages are about, where it matters to some owner: a statement for all of them together.
    nonisolated(nonsending) func targets(
        of messages: [Message], _ view: View, in source: any Queryable
    ) async throws -> Targets {
        try await things.targets(
            of: messages.lazy.map(\.thing), for: view.rights.values,
            messages.lazy.flatMap { $0.permissions + ($0.less?.without ?? []) }, in: source)
    }

    /// The same of deliveries that waited a while.
    nonisolated(nonsending) func look(
        at deliveries: inout [PendingDelivery], _ view: View, in source: any Queryable
    ) async throws {
        let targets = try await things.targets(
            of: deliveries.lazy.map(\.thing), for: view.rights.values,
            deliveries.lazy.flatMap(\.permissions), in: source)
        if targets.isEmpty { return }
        for index in deliveries.indices {
            deliveries[index].target = deliveries[index].thing.flatMap { targets[$0] }
        }
    }

    /// The newest that is known, for what was checked when it was queued.
    var newest: View? { latest?.view }

    /// What holds inside this transaction, or at this statement.
    nonisolated(nonsending) func view(in source: any Queryable) async throws -> View {
        try await view(at: try await Authority.numbers(in: source))
    }

    /// - Parameter numbers: as they stand in the transaction that asks.
    nonisolated(nonsending) func view(at numbers: Authority.State) async throws -> View {
        let (epoch, configuration) = numbers
        let known = latest
        if let known, known.epoch == epoch, known.view.webhooks.configuration == configuration,
            known.view.rights.hold(at: owners.now)
        {
            return known.view
        }
        var webhooks = known?.view.webhooks
        if webhooks?.configuration != configuration {
            // Not from the transaction that asks, whose own changes may yet be undone.
            webhooks = try await WebhookSnapshot.load(configuration: configuration, in: database)
        }
        guard let webhooks else { throw PostgresError.unavailable }
        // A change of authority makes those be read anew whom it touched.
        let rights = try await owners.rights(of: Set(webhooks.entries.values.map(\.owner)), at: epoch)
        let view = View(webhooks: webhooks, rights: rights)
        // Never back to an older one that was read by a transaction which began earlier.
        if let newer = latest, newer.epoch > epoch || newer.view.webhooks.configuration > configuration {
            return view
        }
        latest = (view, epoch)
        return view
    }
}
