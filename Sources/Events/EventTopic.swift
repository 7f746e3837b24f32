package import Access
package import JSON
import Kernel

/// What an event is about, as far as that decides who may read it.
package enum EventTopic: Hashable, Sendable {
    /// A key or an account, by its id.
    case thing(String)
    case principal(PrincipalID)
    /// Nothing that a grant can single out.
    case general

    /// The key or account, as columns name it.
    package var thing: String? {
        guard case .thing(let id) = self else { return nil }
        return id
    }

    /// - Parameter data: of an event, or its flat view. Of an alert, what the event was about that fired it.
    package init(of type: EventType, subject: String?, _ data: JSONObject) {
        if EventVeil.isAlert(type) {
            self = Self.shown(in: data)
        } else if type.isAboutThings {
            self = subject.flatMap(Self.named) ?? .general
        } else if type.isAboutRequests {
            let id = data["key_id"]?.asString ?? data["account_id"]?.asString
            self = id.flatMap(Self.named) ?? .general
        } else if type.isAboutPrincipals {
            let id =
                subject.flatMap { PrincipalID($0) }
                ?? data["principal_id"]?.asString.flatMap { PrincipalID($0) }
            self = id.map(Self.principal) ?? .general
        } else {
            self = .general
        }
    }

    package init(of event: Event) { self.init(of: event.type, subject: event.subject, event.data) }

    private static func shown(in alert: JSONObject) -> EventTopic {
        guard let event = alert["event"]?.asObject, let name = event["type"]?.asString,
            let type = EventType(name), !EventVeil.isAlert(type)
        else { return .general }
        return EventTopic(of: type, subject: event["subject"]?.asString, event)
    }

    private static func named(_ id: String) -> EventTopic? {
        ExchangeKeyID(id) != nil || AccountID(id) != nil ? .thing(id) : nil
    }
}

extension EventType {
    /// Keys, accounts, and their policies; an own event may be about them, too.
    package var isAboutThings: Bool { Self.areasOfThings.contains { name.hasPrefix($0) } }

    /// Everybody may see what concerns themselves; but not that a token of theirs is bait.
    package var isAboutPrincipals: Bool {
        self != .accessTokenDecoyTouched && Self.areasOfPrincipals.contains { name.hasPrefix($0) }
    }

    /// A request that waits is about the key or account that it would do something to, where it is one.
    package var isAboutRequests: Bool { name.hasPrefix("approval.") }

    /// Whether it takes the data of such an event to know what it is about.
    package var tellsTopicInData: Bool {
        EventVeil.isAlert(self) || isAboutPrincipals || isAboutRequests
    }

    /// An alert is about what it shows.
    var mayBeAboutThings: Bool { isAboutThings || isAboutRequests || EventVeil.isAlert(self) }

    /// What it takes to read one that is about this: nil is no key and no account. What somebody asks to do
    /// to a key is for whoever may know of the key.
    package func permissions(about thing: String?) -> [Permission] {
        isAboutRequests && thing != nil ? [permission, .keysRead] : [permission]
    }

    private static let areasOfThings = ["key.", "policy.", "account.", "custom."]
    private static let areasOfPrincipals = ["user.", "service_account.", "grant.", "access_token."]
}

extension FeedEvent {
    /// The data is read only where it is needed.
    var topic: EventTopic {
        type.tellsTopicInData ? EventTopic(of: event) : EventTopic(of: type, subject: subject, JSONObject())
    }
}
