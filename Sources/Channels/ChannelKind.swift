/// What stands at the other end of a webhook.
package enum ChannelKind: String, CaseIterable, Sendable {
    /// A receiver of Standard Webhooks.
    case standard
    case slack, discord, telegram, pagerduty, teams
    /// A flat object, for whatever takes a small JSON body.
    case json
    /// CloudEvents 1.0 over HTTP.
    case cloudevents
    /// By SMTP.
    case email

    /// Whether people read it, so that many messages at once become one list of them.
    package var isForPeople: Bool {
        switch self {
        case .slack, .discord, .telegram, .teams, .email: true
        case .standard, .pagerduty, .json, .cloudevents: false
        }
    }

    /// Whether one message undoes another there: what closes must never overtake what opens.
    package var keepsState: Bool { self == .pagerduty }

    /// Whether the receiver checks our signature.
    package var isSigned: Bool { self == .standard || self == .json || self == .cloudevents }

    /// Where its maker listens, when everybody's address is the same.
    package var makersURL: String? {
        switch self {
        case .telegram: "https://api.telegram.org"
        case .pagerduty: "https://events.pagerduty.com/v2/enqueue"
        default: nil
        }
    }
}
