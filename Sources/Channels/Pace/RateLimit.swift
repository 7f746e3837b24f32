import Kernel

/// One limit that a destination shares with whatever else counts towards it.
package struct RateLimit: Sendable {
    /// What the limit is about: holds secrets, so only its hash is kept.
    package let name: String
    package let bucket: TokenBucket
    /// It is one destination's alone: what the maker says of its rate holds here.
    package var isOwn = true
}

extension RateLimit {
    // Each bucket lets through in no stretch of the maker's time more than the maker's number, and less than
    // that after a burst. Sources: Docs/channels.md.

    /// One a second.
    static let slack = TokenBucket(capacity: 1, interval: .seconds(1))
    /// Five in two seconds a webhook, thirty a minute a channel.
    static let discordWebhook = TokenBucket(capacity: 3, interval: Period(microseconds: 666_667))
    static let discordChannel = TokenBucket(capacity: 5, interval: Period(microseconds: 2_310_000))
    /// One a second in a chat, twenty a minute in a group, thirty a second a bot.
    static let telegramChat = TokenBucket(capacity: 1, interval: .seconds(1))
    static let telegramGroup = TokenBucket(capacity: 3, interval: Period(microseconds: 3_340_000))
    static let telegramBot = TokenBucket(capacity: 10, interval: .milliseconds(48))
    /// 120 a minute an integration key.
    static let pagerDuty = TokenBucket(capacity: 20, interval: Period(microseconds: 600_000))
    /// Four a second.
    static let teams = TokenBucket(capacity: 1, interval: .milliseconds(250))
    /// Nobody's rule but a reader's: after five mails, one each ten seconds.
    static let mail = TokenBucket(capacity: 5, interval: .seconds(10))
}

extension Destination {
    /// All of them must have a token. Empty: nobody counts.
    package var paces: [RateLimit] {
        switch self {
        case .slack(let url): [RateLimit(name: url, bucket: RateLimit.slack)]
        case .discord(let url):
            [
                RateLimit(name: "webhook \(url)", bucket: RateLimit.discordWebhook),
                RateLimit(name: "channel \(url)", bucket: RateLimit.discordChannel),
            ]
        case .telegram(let chat): Self.paces(of: chat)
        case .pagerDuty(_, let key): [RateLimit(name: key, bucket: RateLimit.pagerDuty)]
        case .teams(let url): [RateLimit(name: url, bucket: RateLimit.teams)]
        case .email(let route):
            [RateLimit(name: "\(route.host) \(route.to.joined(separator: " "))", bucket: RateLimit.mail)]
        case .json, .cloudEvents: []
        }
    }

    /// What a person waits for one by one: more than goes out in ten seconds becomes a digest. Nil: there are
    /// no digests.
    package var digestAbove: Int? {
        kind.isForPeople ? paces.map { $0.bucket.most(in: .seconds(10)) }.min() : nil
    }

    private static func paces(of chat: Telegram) -> [RateLimit] {
        let place = "\(chat.base) \(chat.token)"
        let own = [
            RateLimit(name: "bot \(place)", bucket: RateLimit.telegramBot, isOwn: false),
            RateLimit(name: "chat \(place) \(chat.chat)", bucket: RateLimit.telegramChat),
        ]
        return chat.isGroup
            ? own + [RateLimit(name: "group \(place) \(chat.chat)", bucket: RateLimit.telegramGroup)] : own
    }
}
