import Access
import HTTPClient
import Kernel

/// What one attempt sends, ready to go: a case for each way of sending.
enum Parcel {
    /// Answered by a status, which `AttemptResult` reads.
    case request(OutgoingRequest)
}

/// The one place where body and headers of an attempt are made, whatever kind of destination it goes to.
struct Packer {
    let keys: WebhookKeys
    let allowance: Allowance

    struct Packed {
        let parcel: Parcel
        /// What it is signed with.
        let secrets: [WebhookSecretID]
    }

    /// - Parameter url: the webhook's own, as the settings allow it.
    func pack(
        _ delivery: PendingDelivery, for webhook: WebhookSnapshot.Entry, to url: OutgoingURL,
        at now: Timestamp
    ) throws -> Packed {
        try standard(delivery, for: webhook, to: url, at: now)
    }

    /// Standard Webhooks: the stored message, signed.
    private func standard(
        _ delivery: PendingDelivery, for webhook: WebhookSnapshot.Entry, to url: OutgoingURL,
        at now: Timestamp
    ) throws -> Packed {
        let signers = try keys.signers(for: webhook, at: now)
        let request = OutgoingRequest(
            .post, url, headers: delivery.headers(signers, at: now), body: delivery.body,
            allowance: allowance, mayResend: true)
        return Packed(parcel: .request(request), secrets: signers.secretIDs)
    }
}

extension PendingDelivery {
    fileprivate func headers(_ signers: WebhookKeys.Signers, at now: Timestamp) -> [OutgoingHeader] {
        let id = message.description
        let signature = WebhookSignature.header(
            secrets: signers.secrets, signingKey: signers.signingKey, id: id, at: now, body: body)
        return [
            OutgoingHeader("content-type", "application/json"),
            OutgoingHeader(WebhookSignature.idHeader, id),
            OutgoingHeader(WebhookSignature.timestampHeader, String(now.seconds)),
            OutgoingHeader(WebhookSignature.signatureHeader, signature),
            OutgoingHeader("traceparent", TraceParent.of(message, attempt: progress.attempts + 1)),
        ]
    }
}
