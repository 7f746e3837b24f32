package import Access
package import Events
package import JSON
package import Kernel

/// Something to tell receivers: `{"type","timestamp","data"}`.
package struct Message: Sendable {
    /// Who gets it.
    package enum Target: Equatable, Sendable {
        /// Those that a rule names in `send_to`.
        case webhooks([WebhookID])
        /// Those whose `event_types` take it.
        case subscribers
        /// Both: what routes choose may add to security alerts, and takes them from nobody.
        case subscribersAnd([WebhookID])
        /// Those among these whose `event_types` take it: what was held for them alone.
        case subscribed([WebhookID])
    }

    package let type: String
    /// When it happened.
    package let timestamp: Timestamp
    package private(set) var data: JSONObject
    package let event: EventID?
    package let alert: AlertID?
    /// All that a reader needs: of the type, and for an alert also of the type that fired it.
    package let permissions: [Permission]
    /// The key or account that it is about, on which its reader needs them; nil: in general.
    package let thing: String?
    package let target: Target
    /// An endpoint is not told of itself.
    package let except: WebhookID?
    /// Who is told later, or was told otherwise.
    package var withheld: Set<WebhookID> = []
    /// Those of a digest.
    package var alerts: [AlertID] = []
    /// What it tells beside `event`: a replay does not miss these.
    package var events: [EventID] = []
    /// The type of what fired the alert that it tells of.
    package var firedBy: String?
    /// Of an alert: whether its rule is about security.
    package var isSecurity = false
    /// What is told to readers who lack one of some more permissions, in place of `data`.
    package private(set) var less: Less?

    package struct Less: Sendable {
        package let without: [Permission]
        package let data: JSONObject

        package init(without permissions: [Permission], data: JSONObject) {
            (without, self.data) = (permissions, data)
        }
    }

    package init(
        type: String, timestamp: Timestamp, data: JSONObject, event: EventID?, alert: AlertID? = nil,
        permissions: [Permission], about thing: String? = nil, to target: Target = .subscribers,
        except: WebhookID? = nil, less: Less? = nil
    ) {
        (self.type, self.timestamp, self.data) = (type, timestamp, data)
        (self.event, self.alert, self.permissions, self.thing) = (event, alert, permissions, thing)
        (self.target, self.except, self.less) = (target, except, less)
    }
}

extension Message {
    /// The whole of it, which needs more permissions, and what others are told.
    var editions: (whole: Message, lesser: Message)? {
        guard let less else { return nil }
        return (edition(data, permissions + less.without), edition(less.data, permissions))
    }

    /// Adds what only those are told who have one permission more.
    package mutating func add(_ name: String, _ value: JSONValue, forWhoHas permission: Permission) {
        less = Less(without: (less?.without ?? []) + [permission], data: less?.data ?? data)
        _ = data.append(name, value)
    }

    private func edition(_ data: JSONObject, _ permissions: [Permission]) -> Message {
        var message = Message(
            type: type, timestamp: timestamp, data: data, event: event, alert: alert,
            permissions: permissions, about: thing, to: target, except: except)
        (message.withheld, message.alerts, message.events) = (withheld, alerts, events)
        (message.firedBy, message.isSecurity) = (firedBy, isSecurity)
        return message
    }

    /// Names of which an endpoint takes one to take it: whoever wants to know that an alert fires also wants
    /// to know that it does so again.
    var countingNames: [String] {
        Self.firingNames.contains(type) ? [type, EventType.alertFiring.name] : [type]
    }

    /// The same of those whom somebody chose: whoever is to be told of a rule's alerts is told that it is
    /// blind.
    var countingNamesOfNamed: [String] {
        EventType.blindness.contains { $0.name == type } ? [type, EventType.alertFiring.name] : countingNames
    }

    private static let firingNames: Set<String> = [
        EventType.alertReopened.name, EventType.alertEscalated.name, EventType.alertFlapping.name,
        EventType.alertSettled.name, digestType,
    ]

    /// Of what was held: no event, but many told in one message.
    package static let digestType = "alert.digest"

    /// What people say of an alert to each other. A pager has no word for it.
    var isRemark: Bool {
        type == EventType.alertCommented.name || type == EventType.alertAssigned.name
    }

    /// It is over, of itself or at last.
    var isEnd: Bool {
        type == EventType.alertResolved.name
            || type == EventType.alertSettled.name && data["state"]?.asString == "resolved"
    }

    /// An event for those subscribed to it; nil for alerts, which Alerts sends by its rules' routes.
    /// - Parameter target: of what not only subscribers are told.
    package init?(_ event: Event, to target: Target = .subscribers) {
        guard !event.type.name.hasPrefix("alert.") else { return nil }
        let (data, thing) = (Self.data(of: event), EventTopic(of: event).thing)
        self.init(
            type: event.type.name, timestamp: event.at, data: data, event: event.id,
            permissions: event.type.permissions(about: thing), about: thing, to: target,
            except: Self.endpoint(of: event.type, event.data),
            less: Less(event.type, data))
    }

    /// The webhook that an event tells of.
    package static func endpoint(of type: EventType, _ data: JSONObject?) -> WebhookID? {
        guard type.permission == .webhooksRead else { return nil }
        return data?["webhook_id"]?.asString.flatMap { WebhookID($0) }
    }

    /// The event's fields after its id and subject. Where an own event has a field of a name that messages
    /// have themselves, that is left out of its place, and all that was pushed stands together.
    private static func data(of event: Event) -> JSONObject {
        var data = JSONObject()
        _ = data.append("event_id", .string(event.id.description))
        _ = data.append("subject", event.subject.map { .string($0) } ?? .null)
        let kept = event.type.isCustom ? MessageBody.ownNames : []
        var isWhole = true
        for member in event.data.members {
            if kept.contains(member.name) {
                isWhole = false
            } else {
                _ = data.append(member.name, member.value)
            }
        }
        if !isWhole { _ = data.append(MessageBody.pushedName, .object(event.data)) }
        return data
    }
}

extension Message.Less {
    /// - Parameter data: of an event of this type, or of an alert. Nil when every reader sees all.
    package init?(_ type: EventType, _ data: JSONObject) {
        guard let veil = EventVeil(type, with: data) else { return nil }
        self.init(without: [veil.permission], data: veil.drawn(over: data, of: type))
    }
}
