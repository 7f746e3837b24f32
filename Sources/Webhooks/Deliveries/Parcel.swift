import Access
import HTTPClient
import JSON
import Kernel

/// What one attempt sends, ready to go: a case for each way of sending.
enum Parcel {
    /// Answered by a status, which `AttemptResult` reads.
    case request(OutgoingRequest)
    /// Answered by a mail server's last word.
    case mail(OutgoingMail)
}

/// The one place where body and headers of an attempt are made, whatever kind of destination it goes to.
struct Packer {
    /// By which Keybell knows its own messages.
    static let originHeader = "keybell-origin"

    let keys: WebhookKeys
    let allowance: Allowance
    /// Where this installation is reached.
    let origin: String

    /// Too long for any receiver once its template was filled.
    struct TooLarge: Error {}

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
        if let channel = webhook.channel {
            return try signed(delivery, channel, for: webhook, to: url, at: now)
        }
        return try standard(delivery, for: webhook, to: url, at: now)
    }

    /// A channel without tokens to wait for: another body, signed like any other.
    private func signed(
        _ delivery: PendingDelivery, _ channel: WebhookChannel, for webhook: WebhookSnapshot.Entry,
        to url: OutgoingURL, at now: Timestamp
    ) throws -> Packed {
        guard let destination = try keys.destination(of: webhook.id, channel, url: webhook.url),
            case .request(var request) = try ChannelPacker(allowance: allowance)
                .pack([delivery], to: destination, authority: nil)
        else { throw ChannelPacker.Unsendable() }
        let signers = try keys.signers(for: webhook, at: now)
        request.headers += delivery.signature(signers, over: request.body, at: now)
        request.headers.append(OutgoingHeader(Self.originHeader, origin))
        request.headers += try keys.headers(for: webhook)
        request.clientCertificate = try keys.clientCertificate(for: webhook)
        request.authority = webhook.terms.authority
        return Packed(parcel: .request(request), secrets: signers.secretIDs)
    }

    /// Standard Webhooks: the stored message, or what the owner's template makes of it, signed.
    private func standard(
        _ delivery: PendingDelivery, for webhook: WebhookSnapshot.Entry, to url: OutgoingURL,
        at now: Timestamp
    ) throws -> Packed {
        let signers = try keys.signers(for: webhook, at: now)
        let body = try Self.body(of: delivery, webhook.terms.template)
        let type = webhook.terms.template?.contentType ?? "application/json"
        var request = OutgoingRequest(
            .post, url,
            headers: delivery.headers(signers, over: body, type, at: now)
                + [OutgoingHeader(Self.originHeader, origin)] + (try keys.headers(for: webhook)),
            body: body, allowance: allowance, mayResend: true)
        request.clientCertificate = try keys.clientCertificate(for: webhook)
        request.authority = webhook.terms.authority
        return Packed(parcel: .request(request), secrets: signers.secretIDs)
    }

    private static func body(
        of delivery: PendingDelivery, _ template: MessageTemplate?
    ) throws -> [UInt8] {
        guard let template else { return delivery.body }
        let message = try JSONValue.parse(delivery.body)
        let body = template.render(message)
        if body.count <= MessageBody.limitBytes { return body }
        let thin = template.render(MessageBody.thinned(message))
        guard thin.count <= MessageBody.limitBytes else { throw TooLarge() }
        return thin
    }
}

extension PendingDelivery {
    fileprivate func signature(
        _ signers: WebhookKeys.Signers, over body: [UInt8], at now: Timestamp
    ) -> [OutgoingHeader] {
        let id = message.description
        let signature = WebhookSignature.header(
            secrets: signers.secrets, signingKey: signers.signingKey, id: id, at: now, body: body)
        return [
            OutgoingHeader(WebhookSignature.idHeader, id),
            OutgoingHeader(WebhookSignature.timestampHeader, String(now.seconds)),
            OutgoingHeader(WebhookSignature.signatureHeader, signature),
        ]
    }

    fileprivate func headers(
        _ signers: WebhookKeys.Signers, over body: [UInt8], _ type: String, at now: Timestamp
    ) -> [OutgoingHeader] {
        let id = message.description
        let signature = WebhookSignature.header(
            secrets: signers.secrets, signingKey: signers.signingKey, id: id, at: now, body: body)
        return [
            OutgoingHeader("content-type", type),
            OutgoingHeader(WebhookSignature.idHeader, id),
            OutgoingHeader(WebhookSignature.timestampHeader, String(now.seconds)),
            OutgoingHeader(WebhookSignature.signatureHeader, signature),
            OutgoingHeader("traceparent", TraceParent.of(message, attempt: progress.attempts + 1)),
        ]
    }
}
