package import Access
package import Postgres

/// Which webhooks get messages, as they and the rights of their owners are at a moment: what is asked before
/// it is said that somebody is told.
package struct WebhookReach {
    fileprivate let view: WebhookDirectory.View
    fileprivate let targets: Targets

    /// - Parameter target: what it is told as, whomever it was for.
    package func takes(_ webhook: WebhookID, _ message: Message, as target: Message.Target) -> Bool {
        guard let entry = view.webhooks.entries[webhook], entry.status.takesMessages else { return false }
        return entry.takes(message, as: target)
            && view.mayRead(entry.owner, message.permissions, about: message.thing, targets)
    }
}

extension WebhookDirectory {
    /// - Parameter numbers: read in the transaction that relies on the answer.
    package nonisolated(nonsending) func reach(
        of messages: [Message], at numbers: Authority.State, in source: any Queryable
    ) async throws -> WebhookReach {
        let view = try await view(at: numbers)
        return WebhookReach(view: view, targets: try await targets(of: messages, view, in: source))
    }
}
