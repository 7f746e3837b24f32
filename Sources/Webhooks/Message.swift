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
    }

    package let type: String
    /// When it happened.
    package let timestamp: Timestamp
    package let data: JSONObject
    package let event: EventID?
    package let alert: AlertID?
    /// All that a reader needs: of the type, and for an alert also of the type that fired it.
    package let permissions: [Permission]
    package let target: Target
    /// An endpoint is not told of itself.
    package let except: WebhookID?

    package init(
        type: String, timestamp: Timestamp, data: JSONObject, event: EventID?, alert: AlertID? = nil,
        permissions: [Permission], to target: Target = .subscribers, except: WebhookID? = nil
    ) {
        (self.type, self.timestamp, self.data) = (type, timestamp, data)
        (self.event, self.alert, self.permissions) = (event, alert, permissions)
        (self.target, self.except) = (target, except)
    }
}

extension Message {
    /// An event for those subscribed to it; nil for alerts, which Alerts sends by its rules' routes.
    package init?(_ event: Event) {
        guard !event.type.name.hasPrefix("alert.") else { return nil }
        let isAboutEndpoint = event.type.permission == .webhooksRead
        let concerned = isAboutEndpoint ? event.data["webhook_id"]?.asString : nil
        self.init(
            type: event.type.name, timestamp: event.at, data: Self.data(of: event), event: event.id,
            permissions: [event.type.permission], except: concerned.flatMap { WebhookID($0) })
    }

    /// The event's fields after its id and subject.
    private static func data(of event: Event) -> JSONObject {
        var data = JSONObject()
        _ = data.append("event_id", .string(event.id.description))
        _ = data.append("subject", event.subject.map { .string($0) } ?? .null)
        for member in event.data.members { _ = data.append(member.name, member.value) }
        return data
    }
}
