package import Access
package import JSON
package import Kernel

/// A fact about to be written: what happened, to what, with which fields.
package struct NewEvent: Sendable {
    package let type: EventType
    package let subject: String?
    package let data: JSONObject

    package init(_ type: EventType, subject: (some CustomStringConvertible)?, data: JSONObject) {
        self.type = type
        self.subject = subject?.description
        self.data = data
    }

    /// The fields in the order of the table in openapi.yaml.
    package init(
        _ type: EventType, subject: (some CustomStringConvertible)?,
        _ fields: KeyValuePairs<String, JSONValue>
    ) {
        var data = JSONObject()
        for (name, value) in fields { _ = data.append(name, value) }
        self.init(type, subject: subject, data: data)
    }
}

/// A fact that is written. Its place in the feed is (era, xid, id).
package struct Event: Sendable {
    package let id: EventID
    package let at: Timestamp
    package let type: EventType
    package let subject: String?
    package let actor: Actor
    package let data: JSONObject

    package init(
        id: EventID, at: Timestamp, type: EventType, subject: String?, actor: Actor, data: JSONObject
    ) {
        self.id = id
        self.at = at
        self.type = type
        self.subject = subject
        self.actor = actor
        self.data = data
    }
}
