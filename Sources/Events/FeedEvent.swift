package import Access
package import JSON
package import Kernel
import Postgres

/// An event as readers meet it: with its place, and its data still as text.
package struct FeedEvent: Sendable {
    package let position: EventPosition
    package let at: Timestamp
    package let type: EventType
    package let subject: String?
    package let actor: Actor
    /// A JSON object.
    package let data: [UInt8]

    package init(
        position: EventPosition, at: Timestamp, type: EventType, subject: String?, actor: Actor, data: [UInt8]
    ) {
        (self.position, self.at, self.type) = (position, at, type)
        (self.subject, self.actor, self.data) = (subject, actor, data)
    }

    package var id: EventID { position.id }

    /// With its data read, as rules see it.
    package var event: Event {
        let object = (try? JSONValue.parse(data))?.asObject ?? JSONObject()
        return Event(id: id, at: at, type: type, subject: subject, actor: actor, data: object)
    }
}

extension FeedEvent: JSONWritable {
    /// An `Event` of openapi.yaml.
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", id.description)
            w.field("type", type.name)
            w.field("at", at.description)
            w.field("subject", subject)
            w.field("security", type.isSecurity)
            w.field("actor", actor)
            w.field("cursor", position.description)
            w.raw("data", data)
        }
    }
}

// MARK: Rows

extension FeedEvent {
    static func position(_ row: Row, from first: Int) -> EventPosition {
        EventPosition(
            era: Int32(row.int(first)), transaction: UInt64(row.text(first + 1)) ?? 0, id: row.id(first + 2))
    }

    /// Nil for a type that an older or newer version knew.
    /// - Parameter first: era, xid as text, id, at, type, subject, actor, access_token, address, data.
    init?(_ row: Row, from first: Int) {
        guard let type = EventType(row.text(first + 4)) else { return nil }
        let actor = Actor(
            principal: row.optionalText(first + 6).flatMap { PrincipalID($0) },
            accessToken: row.optionalText(first + 7).flatMap { AccessTokenID($0) },
            address: row.optionalText(first + 8).flatMap { IPAddress($0) })
        self.init(
            position: Self.position(row, from: first), at: row.timestamp(first + 3), type: type,
            subject: row.optionalText(first + 5), actor: actor, data: row.json(first + 9))
    }
}
