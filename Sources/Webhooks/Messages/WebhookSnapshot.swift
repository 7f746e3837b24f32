import Access
import Channels
import Crypto
import Events
import HTTPClient
import Kernel
import Postgres

/// All webhooks at one moment, as one configuration number stands for them. Immutable; a worker keeps the
/// latest.
final class WebhookSnapshot {
    struct Secret {
        let id: WebhookSecretID
        let sealed: [UInt8]
        let expiresAt: Timestamp?

        func signs(at now: Timestamp) -> Bool { expiresAt.map { now < $0 } ?? true }
    }

    struct Entry {
        let id: WebhookID
        let name: String
        let url: String
        let patterns: [EventPattern]
        let owner: PrincipalID
        let status: Webhook.Status
        let downSince: Timestamp?
        let revision: Int64
        /// Another one: what was found out about the endpoint before holds no more.
        let epoch: Int64
        let signingKey: [UInt8]
        let terms: DeliveryTerms
        /// Newest first.
        var secrets: [Secret] = []
        var privates: [WebhookPrivate.Purpose: WebhookPrivate] = [:]
        /// Nil: Standard Webhooks.
        var channel: WebhookChannel?

        /// Whether `event_types` lets a message through. A rule that names a webhook which says nothing of
        /// alerts means it; where it does speak of alerts, that narrows.
        func takes(_ message: Message) -> Bool { takes(message, as: message.target) }

        func takes(_ message: Message, as target: Message.Target) -> Bool {
            let isPager = channel?.kind == .pagerduty
            // A page that was sent is closed, whatever is held for its receiver.
            let isWithheld = message.withheld.contains(id) && !(isPager && message.isEnd)
            guard message.except != id, !isWithheld, hasLabels(of: message), !(isPager && message.isRemark)
            else { return false }
            let isTaken = EventType.pagingNames.contains(message.type) || matches(message.countingNames)
            let isMeant =
                isTaken || !patterns.contains { $0.isAboutAlerts } || matches(message.countingNamesOfNamed)
            return switch target {
            case .webhooks(let named): named.contains(id) && isMeant
            case .subscribers: isTaken
            case .subscribersAnd(let named): isTaken || named.contains(id) && isMeant
            case .subscribed(let named): named.contains(id) && isTaken
            }
        }

        private func matches(_ names: [String]) -> Bool {
            names.contains { name in patterns.contains { $0.matches(name) } }
        }

        /// What a message waits behind: others about the same.
        func orderKey(of message: Message) -> String? {
            terms.isOrdered ? message.orderKey : stateKey(of: message)
        }

        /// The same where nobody asked for order: a pager that was told of the end of an alert first would
        /// hold it open for ever.
        func stateKey(of message: Message) -> String? {
            channel?.kind.keepsState == true && message.alert != nil ? message.orderKey : nil
        }

        private func hasLabels(of message: Message) -> Bool {
            guard !terms.matchers.isEmpty, let labels = message.labels else { return true }
            return terms.matchers.allSatisfy { $0.takes(labels) }
        }
    }

    let configuration: Int64
    let entries: [WebhookID: Entry]

    init(configuration: Int64, entries: [Entry]) {
        self.configuration = configuration
        self.entries = Dictionary(uniqueKeysWithValues: entries.map { ($0.id, $0) })
    }

    /// Whether anybody subscribed to events of this type.
    func takes(_ type: String) -> Bool {
        entries.values.contains { entry in
            entry.status.takesMessages
                && (EventType.pagingNames.contains(type) || entry.patterns.contains { $0.matches(type) })
        }
    }

    /// Who would get a message, leaving aside what their owners may read.
    func takers(of message: Message) -> [Entry] {
        switch message.target {
        case .webhooks(let named), .subscribed(let named):
            var seen: Set<WebhookID> = []
            return named.filter { seen.insert($0).inserted }.compactMap { entries[$0] }.filter(
                isOpen(to: message))
        case .subscribers, .subscribersAnd:
            return entries.values.filter(isOpen(to: message)).sorted { $0.id < $1.id }
        }
    }

    private func isOpen(to message: Message) -> (Entry) -> Bool {
        { $0.status.takesMessages && $0.takes(message) }
    }
}

// MARK: Loading

extension WebhookSnapshot {
    static let loadWebhooks = Statement(
        "webhook_snapshot",
        derived: [
            """
            select w.id, w.name, w.url, w.event_types, w.owner, w.status, w.down_since, w.signing_key,
                w.revision, coalesce(h.epoch, 0),
            """,
            DeliveryTerms.columns, "from webhook w left join webhook_health h on h.webhook = w.id",
        ].joined(separator: " "))
    private static let loadSecrets = Statement(
        "webhook_snapshot_secrets",
        "select webhook, id, sealed, expires_at from webhook_secret order by created_at desc, id desc")

    private static let loadPrivates = Statement(
        "webhook_snapshot_privates", "select webhook, id, purpose, sealed from webhook_private")

    /// Reads all of them in one round trip.
    nonisolated(nonsending) static func load(
        configuration: Int64, in source: any Queryable
    ) async throws -> WebhookSnapshot {
        let webhooks = source.send(loadWebhooks)
        let secrets = source.send(loadSecrets)
        let privates = source.send(loadPrivates)
        let channels = ChannelStore.loadAll(in: source)
        var entries = try await webhooks.rows().compactMap { Entry($0) }
        var byWebhook: [WebhookID: [Secret]] = [:]
        for row in try await secrets.rows() {
            let secret = Secret(id: row.id(1), sealed: row.bytes(2), expiresAt: row.optionalTimestamp(3))
            byWebhook[row.id(0), default: []].append(secret)
        }
        var privatesOf: [WebhookID: [WebhookPrivate.Purpose: WebhookPrivate]] = [:]
        for row in try await privates.rows() {
            guard let purpose = WebhookPrivate.Purpose(rawValue: row.text(2)) else { continue }
            privatesOf[row.id(0), default: [:]][purpose] = WebhookPrivate(
                id: row.uuid(1), sealed: row.bytes(3))
        }
        let channelOf = ChannelStore.channels(try await channels.rows())
        for index in entries.indices {
            entries[index].secrets = byWebhook[entries[index].id] ?? []
            entries[index].privates = privatesOf[entries[index].id] ?? [:]
            entries[index].channel = channelOf[entries[index].id]
        }
        return WebhookSnapshot(configuration: configuration, entries: entries)
    }
}

extension WebhookSnapshot.Entry {
    fileprivate init?(_ row: Row) {
        guard let owner = PrincipalID(row.text(4)), let status = Webhook.Status(rawValue: row.text(5)) else {
            return nil
        }
        self.init(
            id: row.id(0), name: row.text(1), url: row.text(2),
            patterns: row.textArray(3).map { EventPattern(trusted: $0) }, owner: owner, status: status,
            downSince: row.optionalTimestamp(6), revision: row.int64(8), epoch: row.int64(9),
            signingKey: row.bytes(7), terms: DeliveryTerms(row, from: 10))
    }
}
