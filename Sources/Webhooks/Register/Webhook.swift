package import Access
package import Kernel

/// A receiver of messages.
package struct Webhook: Sendable {
    package enum Status: String, CaseIterable, Sendable {
        case active
        /// Failing: tried one message at a time.
        case degraded
        /// By a person, by a 410, or after failing for long.
        case disabled
        /// Its owner is disabled.
        case suspended

        /// Whether messages are queued for it.
        package var takesMessages: Bool { self == .active || self == .degraded }
    }

    /// One of its secrets, without what is secret.
    package struct SecretState: Sendable {
        package let id: WebhookSecretID
        package let createdAt: Timestamp
        /// Nil: the current one.
        package let expiresAt: Timestamp?
        package let lastUsedAt: Timestamp?
    }

    package let id: WebhookID
    package var name: String
    package var url: String
    package var eventTypes: [String]
    package let owner: PrincipalID
    package var status: Status
    package var statusReason: String?
    /// Since when it is not active.
    package var downSince: Timestamp?
    package let publicKey: [UInt8]
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    package var revision: Int64
    package var terms = DeliveryTerms()
}
