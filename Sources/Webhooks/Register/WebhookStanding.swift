package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Changes of a webhook's status that no request asks for: by its receiver's answers, or by its owner's
/// standing. Each happens once, however many workers ask for it.
package final class WebhookStanding {
    private let ledger: Ledger
    private let database: Database

    package init(ledger: Ledger) {
        self.ledger = ledger
        database = ledger.database
    }

    /// The context of something that the service does by itself.
    var context: Context {
        .installation(now: ledger.clock.now(), requestID: ledger.newID(RequestKind.self).description)
    }

    /// The receiver keeps failing: from now on it is tried with probes.
    nonisolated(nonsending) func degrade(_ id: WebhookID, failures: Int, last: AttemptResult?) async throws {
        try await change(id, "webhooks.degrade", from: [.active]) { webhook, change in
            webhook.become(.degraded, reason: "The receiver fails.", at: change.context.now)
            return webhook.event(
                .endpointDegraded,
                [
                    "failures": .number(JSONNumber(failures)),
                    "last_status": last?.status.map { .number(JSONNumber($0)) } ?? .null,
                    "last_error": last?.mistake.map { .string($0.rawValue) } ?? .null,
                ])
        }
    }

    /// A probe came through: what waits is due.
    nonisolated(nonsending) func recover(_ id: WebhookID) async throws {
        try await change(id, "webhooks.recover", from: [.degraded]) { webhook, change in
            try await Self.reactivate(&webhook, change, overrules: false)
        }
    }

    /// - Parameter entry: as it was when its receiver gave reason to: what was said of an address that was
    ///   changed meanwhile says nothing of the new one.
    nonisolated(nonsending) func disable(
        _ entry: WebhookSnapshot.Entry, _ reason: Webhook.DisableReason
    ) async throws {
        try await change(entry.id, "webhooks.disable", from: [.active, .degraded], at: entry.revision) {
            webhook, change in
            webhook.become(.disabled, reason: reason.sentence, at: change.context.now)
            return webhook.event(.endpointDisabled, ["reason": .string(reason.rawValue)])
        }
    }

    /// A channel that will take nothing more, with its maker's words for people. What waits goes on waiting
    /// for whoever mends it.
    nonisolated(nonsending) func reject(_ entry: WebhookSnapshot.Entry, _ words: String) async throws {
        try await change(entry.id, "webhooks.disable", from: [.active, .degraded], at: entry.revision) {
            webhook, change in
            let reason = Webhook.DisableReason.rejected
            webhook.become(.disabled, reason: "The channel refuses: \(words)", at: change.context.now)
            return webhook.event(.endpointDisabled, ["reason": .string(reason.rawValue)])
        }
    }

    /// Suspends what a disabled owner has. Call it when an owner is met who may not act any more.
    package nonisolated(nonsending) func suspend(_ owner: PrincipalID) async throws {
        for id in try await WebhookStore.owned(by: owner, in: database) {
            try await change(id, "webhooks.suspend", from: [.active, .degraded]) { webhook, change in
                let reason = Webhook.DisableReason.ownerDisabled
                webhook.become(.suspended, reason: reason.sentence, at: change.context.now)
                return webhook.event(.endpointDisabled, ["reason": .string(reason.rawValue)])
            }
        }
    }

    /// An owner who is enabled again.
    package nonisolated(nonsending) func resume(_ owner: PrincipalID) async throws {
        for id in try await WebhookStore.owned(by: owner, in: database) {
            try await change(id, "webhooks.resume", from: [.suspended]) { webhook, change in
                try await Self.reactivate(&webhook, change, overrules: false)
            }
        }
    }

    /// Active again, with a clean record, and what waits for it due.
    /// - Parameter overrules: somebody knows better than its receiver's `Retry-After`.
    static nonisolated(nonsending) func reactivate(
        _ webhook: inout Webhook, _ change: Change, overrules: Bool
    ) async throws -> NewEvent {
        let now = change.context.now
        let down = now - (webhook.downSince ?? now)
        webhook.become(.active, reason: nil, at: now)
        try await forgetFailures(of: webhook.id, change, overrules: overrules)
        return webhook.event(
            .endpointRecovered, ["down_seconds": .number(JSONNumber(down.microseconds / 1_000_000))])
    }

    /// What waits for it is due, and nothing that it did before keeps anybody from trying. Workers forget
    /// theirs when they see its next epoch, which nothing else raises.
    static nonisolated(nonsending) func forgetFailures(
        of id: WebhookID, _ change: Change, overrules: Bool
    ) async throws {
        try await WebhookStore.clearFailures(id, in: change.transaction)
        try await DeliveryQueue.hasten(
            id, overrules: overrules, at: change.context.now, in: change.transaction)
    }

    private nonisolated(nonsending) func change(
        _ id: WebhookID, _ action: String, from states: Set<Webhook.Status>, at revision: Int64? = nil,
        _ body: nonisolated(nonsending) (inout Webhook, Change) async throws -> NewEvent
    ) async throws {
        try await ledger.change(context) { change in
            let found = try await WebhookStore.lock(id, at: change.context.now, in: change.transaction)
            guard var webhook = found?.webhook, states.contains(webhook.status) else { return }
            if let revision, webhook.revision != revision { return }
            let event = try await body(&webhook, change)
            try await WebhookStore.update(webhook, in: change.transaction)
            change.audit(action, id, detail: ["reason": webhook.statusReason.map { .string($0) } ?? .null])
            _ = change.emit(event)
            change.touchesConfiguration = true
        }
    }
}
