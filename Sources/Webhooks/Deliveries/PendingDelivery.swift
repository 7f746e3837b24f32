package import Access
import Kernel

/// A message for one webhook, on its way: all that an attempt needs.
package struct PendingDelivery: Sendable {
    package let id: DeliveryID
    package let webhook: WebhookID
    /// The `webhook-id`, the same over all attempts.
    package let message: MessageID
    package let eventType: String
    package let alert: AlertID?
    package let permissions: [Permission]
    /// What its reader needs them on; nil: in general.
    package let thing: String?
    /// What that is, where it matters to anybody.
    package var target: Target?
    /// What waits behind it.
    package let orderKey: String?
    package let body: [UInt8]
    package var progress: RetrySchedule.Progress
}
