import Access
import Channels
import HTTPClient
import HTTPServer
import JSON
import Kernel
import Postgres

/// Making and changing a webhook's channel, inside the webhook's own change.
struct ChannelChange {
    let keys: WebhookKeys

    /// An address that opens something is kept with the secrets; answers show where it leads.
    static func shown(_ url: String, of kind: ChannelKind) -> String {
        switch kind {
        case .slack, .discord, .teams:
            guard let read = try? OutgoingURL(url, allowance: .privateReceivers) else { return "" }
            return String(read.text.dropLast(read.target.utf8.count)) + "/"
        default: return url
        }
    }

    /// - Parameter url: as the request gives it.
    nonisolated(nonsending) func make(
        _ kind: ChannelKind, _ draft: ChannelDraft?, url: String, of webhook: WebhookID,
        in transaction: Transaction
    ) async throws {
        if kind == .standard { return }
        let draft = draft ?? ChannelDraft()
        var secrets = draft.secrets
        if Self.shown(url, of: kind) != url || Self.hidesURL(kind) {
            _ = secrets.append("url", .string(url))
        }
        var channel = WebhookChannel(kind: kind, settings: draft.settings, secretNames: [], sealed: nil)
        try keys.seal(secrets, of: webhook, in: &channel)
        try await ChannelStore.write(channel, of: webhook, in: transaction)
    }

    /// Settings are replaced as a whole; secrets that are not given stay, unless the address is another.
    /// - Parameters:
    ///   - url: as the request gives it; nil: it stays.
    ///   - webhook: as it was.
    nonisolated(nonsending) func change(
        _ draft: ChannelDraft?, url: String?, of webhook: Webhook, in transaction: Transaction
    ) async throws {
        let found = try await ChannelStore.channels(of: [webhook.id], in: transaction)
        guard var channel = found[webhook.id], draft != nil || url != nil else { return }
        let given = draft?.secrets ?? JSONObject()
        let hidesURL = Self.hidesURL(channel.kind)
        if let url, url != webhook.url, !hidesURL { try requireAgain(channel.secretNames, given) }
        var secrets = JSONObject()
        if let url, hidesURL { _ = secrets.append("url", .string(url)) }
        for member in given.members { _ = secrets.append(member.name, member.value) }
        if let draft { channel.settings = draft.settings }
        for member in try keys.secrets(of: webhook.id, channel).members {
            // A password without a user opens nothing.
            let isUseless = member.name == "password" && channel.settings["user"] == nil
            if !isUseless { _ = secrets.append(member.name, member.value) }
        }
        try Self.refuseUserAlone(channel, secrets)
        try keys.seal(secrets, of: webhook.id, in: &channel)
        try await ChannelStore.write(channel, of: webhook.id, in: transaction)
    }

    /// No mail server takes one without a password.
    private static func refuseUserAlone(_ channel: WebhookChannel, _ secrets: JSONObject) throws(Problem) {
        guard channel.settings.contains("user"), !secrets.contains("password") else { return }
        throw Problem(
            .validationFailed, "The body does not fit.",
            errors: [
                FieldError(
                    pointer: "/channel/password", code: FieldCode.missing,
                    message: "is required beside a user")
            ])
    }

    private static func hidesURL(_ kind: ChannelKind) -> Bool {
        kind == .slack || kind == .discord || kind == .teams
    }

    /// Whoever may change an address must not have what is secret sent there.
    private func requireAgain(_ names: [String], _ given: JSONObject) throws {
        let errors = names.filter { !given.contains($0) }.map { name in
            FieldError(
                pointer: "/channel/\(name)", code: FieldCode.missing,
                message: "must be given again with another address")
        }
        if !errors.isEmpty {
            throw Problem(.validationFailed, "The secret belongs to the old address.", errors: errors)
        }
    }
}
