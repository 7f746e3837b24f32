import Access
import Channels
import Crypto
import JSON
import Kernel
import Postgres

/// What a webhook's row says of its other end; a webhook without such a row is of the standard kind.
struct WebhookChannel: Sendable {
    let kind: ChannelKind
    /// What answers show.
    var settings: JSONObject
    /// The names of what they do not show.
    var secretNames: [String]
    /// An object of those; nil: there are none.
    var sealed: [UInt8]?
}

extension WebhookChannel {
    /// For answers: never a secret, only which are set.
    func write(to w: inout JSONWriter) {
        w.object { w in
            for name in Self.settingNames { w.field(name, settings[name] ?? .null) }
            w.field("secrets", secretNames)
        }
    }

    static let settingNames = [
        "chat_id", "thread_id", "mode", "source", "from", "to", "user", "authority",
    ]
}

/// Channels as rows.
enum ChannelStore {
    private static let all = Statement(
        "webhook_channel_all", "select webhook, kind, settings, secrets, sealed from webhook_channel")
    private static let some = Statement(
        "webhook_channel_some",
        """
        select webhook, kind, settings, secrets, sealed from webhook_channel
        where webhook = any ($1::uuid[])
        """)
    private static let write = Statement(
        "webhook_channel_write",
        """
        insert into webhook_channel (webhook, kind, settings, secrets, sealed) values ($1, $2, $3, $4, $5)
        on conflict (webhook) do update set settings = excluded.settings, secrets = excluded.secrets,
            sealed = excluded.sealed
        """)

    static func loadAll(in source: any Queryable) -> Postgres.Query { source.send(all) }

    nonisolated(nonsending) static func channels(
        of webhooks: [WebhookID], in source: any Queryable
    ) async throws -> [WebhookID: WebhookChannel] {
        if webhooks.isEmpty { return [:] }
        return channels(try await source.query(some, .idArray(webhooks)))
    }

    /// It never changes. A webhook that is not there is as good as a standard one.
    nonisolated(nonsending) static func kind(of webhook: WebhookID, in source: any Queryable) async throws
        -> ChannelKind
    {
        try await channels(of: [webhook], in: source)[webhook]?.kind ?? .standard
    }

    static func channels(_ rows: Rows) -> [WebhookID: WebhookChannel] {
        var channels: [WebhookID: WebhookChannel] = [:]
        for row in rows {
            guard let kind = ChannelKind(rawValue: row.text(1)),
                let settings = (try? JSONValue.parse(row.json(2)))?.asObject
            else { preconditionFailure("the constraints of webhook_channel hold") }
            channels[row.id(0)] = WebhookChannel(
                kind: kind, settings: settings, secretNames: row.textArray(3), sealed: row.optionalBytes(4))
        }
        return channels
    }

    nonisolated(nonsending) static func write(
        _ channel: WebhookChannel, of webhook: WebhookID, in transaction: Transaction
    ) async throws {
        _ = try await transaction.query(
            write, .id(webhook), .text(channel.kind.rawValue),
            .json(JSONValue.object(channel.settings).bytes), .textArray(channel.secretNames),
            .bytes(channel.sealed))
    }
}

extension WebhookKeys {
    private static func field(_ webhook: WebhookID) -> SealedField {
        SealedField(table: "webhook_channel", id: webhook.uuid.bytes, field: "sealed")
    }

    func secrets(of webhook: WebhookID, _ channel: WebhookChannel) throws -> JSONObject {
        guard let sealed = channel.sealed else { return JSONObject() }
        let opened = try seal.opened().keyring.open(sealed, for: Self.field(webhook))
        let bytes = opened.withBytes { Array($0) }
        return try JSONValue.parse(bytes).asObject ?? JSONObject()
    }

    func seal(_ secrets: JSONObject, of webhook: WebhookID, in channel: inout WebhookChannel) throws {
        channel.secretNames = secrets.members.map(\.name)
        channel.sealed =
            secrets.count == 0
            ? nil
            : try seal.opened().keyring.seal(
                JSONValue.object(secrets).bytes, for: Self.field(webhook))
    }

    /// Where its messages go, opened for one attempt.
    func destination(of webhook: WebhookID, _ channel: WebhookChannel, url: String) throws -> Destination? {
        let secrets = try secrets(of: webhook, channel)
        let settings = channel.settings
        let whole = secrets["url"]?.asString ?? url
        switch channel.kind {
        case .standard: return nil
        case .slack: return .slack(url: whole)
        case .discord: return .discord(url: whole)
        case .teams: return .teams(url: whole)
        case .json: return .json(url: whole)
        case .cloudevents:
            let mode = settings["mode"]?.asString.flatMap { CloudEventMode(rawValue: $0) }
            return .cloudEvents(
                url: whole, mode ?? .structured, source: settings["source"]?.asString ?? "/keybell")
        case .pagerduty:
            return .pagerDuty(url: url, routingKey: secrets["routing_key"]?.asString ?? "")
        case .telegram:
            return .telegram(
                Telegram(
                    base: url.hasSuffix("/") ? String(url.dropLast()) : url,
                    token: secrets["token"]?.asString ?? "", chat: settings["chat_id"]?.asString ?? "",
                    thread: settings["thread_id"]?.asInt))
        case .email: return MailServer(url).map { .email(route($0, settings, secrets)) }
        }
    }

    private func route(_ server: MailServer, _ settings: JSONObject, _ secrets: JSONObject) -> MailRoute {
        MailRoute(
            host: server.host, port: server.port, isImplicitTLS: server.isImplicitTLS,
            user: settings["user"]?.asString, password: secrets["password"]?.asString,
            from: settings["from"]?.asString ?? "",
            to: settings["to"]?.asArray?.compactMap(\.asString) ?? [])
    }
}
