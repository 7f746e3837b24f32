import Access
import Channels
import Events
import HTTPServer
import JSON

/// Another place for a webhook's messages. They hold what its owner may read, and carry what the owner meant
/// for the old place: so whoever sends them elsewhere must be allowed to read as much, and give again what
/// is secret.
struct Redirection {
    private let webhook: Webhook
    private let isOtherURL: Bool

    /// Nil: they go where they went.
    /// - Parameters:
    ///   - record: the webhook as it was.
    ///   - url: as the request gives it, as the rest.
    init?(_ record: WebhookRecord, url: String?, channel: ChannelDraft?) {
        webhook = record.webhook
        // Of an address that is kept with the secrets nobody sees whether it is the same.
        isOtherURL = url.map { $0 != record.webhook.url } ?? false
        guard isOtherURL || channel?.redirects(record.channel) == true else { return nil }
    }

    /// What of the request it comes of.
    var field: String { isOtherURL ? "url" : "channel" }

    nonisolated(nonsending) func check(
        _ draft: TermsDraft, _ outbox: WebhookOutbox, _ change: Change
    ) async throws {
        if isOtherURL { try requireAgain(draft) }
        guard change.context.actor.principal != webhook.owner else { return }
        // Of an owner who may not act now: whatever they may when they come back.
        let owners = try await outbox.rights(of: webhook.owner, in: change.transaction)
        let seen = (owners?.somewhere ?? EventSight.permissions).intersection(EventSight.permissions)
        let missing = seen.subtracting(change.context.rights.everywhere)
        guard missing.isEmpty else {
            let names = missing.map(\.rawValue).sorted().joined(separator: ", ")
            throw Problem(
                .forbidden,
                "Its messages hold what its owner may read. Sending them elsewhere needs: \(names).")
        }
    }

    private func requireAgain(_ draft: TermsDraft) throws(Problem) {
        let isKept = [
            ("/headers", draft.headers == nil && !webhook.terms.headerNames.isEmpty),
            ("/client_certificate", draft.certificate == nil && webhook.terms.certificate != nil),
        ]
        let errors = isKept.filter(\.1).map { pointer, _ in
            FieldError(
                pointer: pointer, code: FieldCode.missing,
                message: "must be given again, or be null, with another address")
        }
        if errors.isEmpty { return }
        throw Problem(.validationFailed, "What is secret was given for the old address.", errors: errors)
    }
}

extension ChannelDraft {
    /// Whether it is another chat, mailbox or desk than the one of the channel.
    fileprivate func redirects(_ channel: WebhookChannel?) -> Bool {
        guard let channel, channel.kind != .cloudevents else { return false }
        return secrets.count > 0 || JSONValue.object(settings) != .object(channel.settings)
    }
}
