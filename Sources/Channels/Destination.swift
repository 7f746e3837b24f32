/// Where a channel's messages go, with what opens it.
package enum Destination: Sendable {
    case slack(url: String)
    case discord(url: String)
    case telegram(Telegram)
    case pagerDuty(url: String, routingKey: String)
    case teams(url: String)
    case json(url: String)
    case cloudEvents(url: String, CloudEventMode, source: String)
    case email(MailRoute)

    /// The address of a POST; nil for e-mail.
    package var url: String? {
        switch self {
        case .slack(let url), .discord(let url), .teams(let url), .json(let url): url
        case .cloudEvents(let url, _, _), .pagerDuty(let url, _): url
        case .telegram(let chat): "\(chat.base)/bot\(chat.token)/sendMessage"
        case .email: nil
        }
    }

    package var kind: ChannelKind {
        switch self {
        case .slack: .slack
        case .discord: .discord
        case .telegram: .telegram
        case .pagerDuty: .pagerduty
        case .teams: .teams
        case .json: .json
        case .cloudEvents: .cloudevents
        case .email: .email
        }
    }

    /// What is posted there; nil for e-mail, and for a digest where nobody reads one.
    package func request(_ content: Content) -> ChannelRequest? {
        switch self {
        case .slack: return SlackBody.request(content)
        case .discord: return DiscordBody.request(content)
        case .telegram(let chat): return TelegramBody.request(content, to: chat)
        case .teams: return TeamsBody.request(content)
        case .pagerDuty, .json, .cloudEvents, .email:
            guard case .one(let notice) = content else { return nil }
            return request(notice)
        }
    }

    private func request(_ notice: Notice) -> ChannelRequest? {
        switch self {
        case .pagerDuty(_, let routingKey): PagerDutyBody.request(notice, routingKey: routingKey)
        case .cloudEvents(_, let mode, let source):
            CloudEventBody.request(notice, mode: mode, source: source)
        case .json: FlatBody.request(notice)
        default: nil
        }
    }
}

/// A chat of Telegram and the bot that speaks in it.
package struct Telegram: Sendable, Equatable {
    /// `https://api.telegram.org`, or an own server of the interface.
    package let base: String
    package let token: String
    /// A number, below zero for groups, or `@channel`.
    package let chat: String
    /// A topic of a group.
    package let thread: Int64?

    package init(base: String, token: String, chat: String, thread: Int64?) {
        (self.base, self.token, self.chat, self.thread) = (base, token, chat, thread)
    }

    /// Groups and channels have their own limit.
    var isGroup: Bool { chat.hasPrefix("-") || chat.hasPrefix("@") }
}
