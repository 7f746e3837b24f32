import JSON
package import Kernel

/// What a channel's maker answered, and what that means for the message and for the channel.
package struct ChannelAnswer: Sendable {
    package enum Verdict: Equatable, Sendable {
        /// - Parameter pause: how long nothing more is taken.
        case taken(pause: Period?)
        /// Not now.
        case throttled(Period?)
        /// The token is void or the channel is gone: nothing will be taken any more. In the maker's words.
        case refused(String)
        /// Not this time; perhaps the next.
        case failed
    }

    /// Longest text that is taken over from an answer.
    private static let reasonLimit = 200

    let status: Int
    let retryAfter: Period?
    let body: [UInt8]
    /// Discord's `X-RateLimit-Remaining` and `X-RateLimit-Reset-After`, as they came.
    let remaining: String?
    let resetAfter: String?

    package init(
        status: Int, retryAfter: Period?, body: [UInt8], remaining: String? = nil, resetAfter: String? = nil
    ) {
        (self.status, self.retryAfter, self.body) = (status, retryAfter, body)
        (self.remaining, self.resetAfter) = (remaining, resetAfter)
    }

    package func verdict(of kind: ChannelKind) -> Verdict {
        switch status {
        case 200..<300: .taken(pause: kind == .discord ? discordPause : nil)
        case 429: .throttled(wait(of: kind))
        default: refusal(by: kind).map { .refused($0) } ?? .failed
        }
    }

    // MARK: When to come back

    private func wait(of kind: ChannelKind) -> Period? {
        switch kind {
        case .discord: later(json?["retry_after"]?.asDouble, or: retryAfter)
        case .telegram: later(json?["parameters"]?["retry_after"]?.asDouble, or: retryAfter)
        default: retryAfter
        }
    }

    /// The body is the finer and the header the coarser of two ways to say it: the later one is obeyed.
    private func later(_ seconds: Double?, or header: Period?) -> Period? {
        guard let said = seconds.flatMap(Self.period) else { return header }
        return max(said, header ?? said)
    }

    /// The bucket is empty: the next request before its reset would be answered 429.
    private var discordPause: Period? {
        remaining == "0" ? resetAfter.flatMap { Double($0) }.flatMap(Self.period) : nil
    }

    /// At most a day; what is no time is nil.
    private static func period(_ seconds: Double) -> Period? {
        guard seconds.isFinite, seconds >= 0 else { return nil }
        return Period(microseconds: Int64((min(seconds, 86_400) * 1_000_000).rounded(.up)))
    }

    // MARK: Never again

    private func refusal(by kind: ChannelKind) -> String? {
        switch kind {
        case .slack: slackRefusal
        case .discord: discordRefusal
        case .telegram: telegramRefusal
        case .pagerduty: pagerDutyRefusal
        case .teams: [401, 403, 404, 410].contains(status) ? said("the workflow answers \(status)") : nil
        case .json, .cloudevents: status == 410 ? "the receiver answers 410 Gone" : nil
        case .standard, .email: nil
        }
    }

    private static let slackErrors: Set<String> = [
        "action_prohibited", "channel_is_archived", "channel_not_found", "invalid_token", "no_active_hooks",
        "no_service", "no_service_id", "no_team", "team_disabled", "token_revoked", "user_not_found",
    ]

    private var slackRefusal: String? {
        let word = text.trimmed
        return Self.slackErrors.contains(word) ? word : status == 410 ? said("410 Gone") : nil
    }

    /// 10015: unknown webhook; 50027: invalid webhook token. A 404 or 401 that is not theirs may be a
    /// proxy's.
    private var discordRefusal: String? {
        guard let code = json?["code"]?.asInt, code == 10_015 || code == 50_027 else { return nil }
        return said("code \(code)")
    }

    private var telegramRefusal: String? {
        guard let json, json["ok"]?.asBool == false, let words = json["description"]?.asString else {
            return nil
        }
        let isGone =
            switch status {
            case 401, 403, 404: true
            case 400:
                ["chat not found", "upgraded to a supergroup", "not enough rights", "CHAT_WRITE_FORBIDDEN"]
                    .contains { words.contains($0) }
            default: false
            }
        return isGone ? said(words) : nil
    }

    private var pagerDutyRefusal: String? {
        guard status == 400, let errors = json?["errors"]?.asArray?.compactMap(\.asString) else { return nil }
        return errors.first { $0.lowercased().contains("routing") }.map { said($0) }
    }

    private func said(_ words: String) -> String { Plain.line(words).fitting(Self.reasonLimit) }

    private var text: String { String(decoding: body, as: UTF8.self) }
    private var json: JSONValue? { try? JSONValue.parse(body) }
}

extension String {
    /// Without white space at either end.
    var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
