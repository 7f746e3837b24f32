import Events
import HTTPClient
import JSON
import Kernel

/// What is told of an endpoint; by other endpoints, never by itself.
extension Webhook {
    /// Why `endpoint.disabled`, by the closed list of openapi.yaml.
    enum DisableReason: String {
        case byHand = "by_hand"
        case gone
        case failing
        /// A channel's maker: its token is void, or it is gone.
        case rejected
        case ownerDisabled = "owner_disabled"
        /// It was handed to somebody who may see more.
        case newOwner = "new_owner"

        /// For people, where nobody gave a reason.
        var sentence: String? {
            switch self {
            case .byHand: nil
            case .gone: "The receiver answered 410 Gone."
            case .failing: "The receiver failed for too long."
            case .rejected: "The channel takes nothing any more."
            case .ownerDisabled: "The owner is disabled."
            case .newOwner: "Its new owner may see more than its old one: look at its address."
            }
        }
    }

    /// The host of the address, as far as it can be read.
    var host: String { Self.host(of: url) }

    static func host(of url: String) -> String {
        (try? OutgoingURL(url, allowance: .privateReceivers))?.hostText ?? MailServer(url)?.host ?? ""
    }

    func event(_ type: EventType, subject: String? = nil, _ fields: KeyValuePairs<String, JSONValue>)
        -> NewEvent
    {
        var data = JSONObject()
        _ = data.append("webhook_id", .string(id.description))
        _ = data.append("name", .string(name))
        _ = data.append("host", .string(host))
        for (name, value) in fields { _ = data.append(name, value) }
        return NewEvent(type, subject: subject ?? id.description, data: data)
    }

    /// Moves to another status. Down times are counted from the first status that is not active.
    mutating func become(_ status: Status, reason: String?, at now: Timestamp) {
        downSince = status == .active ? nil : downSince ?? now
        (self.status, statusReason, updatedAt) = (status, reason, now)
    }
}
