import Access
import Events
import Expressions
import JSON
import Kernel
import Postgres

/// An event as it is stored, read as far as the rule asks.
struct StoredEvent {
    let position: EventPosition
    let at: Timestamp
    let type: EventType
    let subject: String?
    let actor: PrincipalID?
    let data: RawMembers

    var event: Event {
        let object = (try? JSONValue.parse(data.bytes))?.asObject ?? JSONObject()
        let actor = Actor(principal: actor, accessToken: nil, address: nil)
        return Event(id: position.id, at: at, type: type, subject: subject, actor: actor, data: object)
    }

    /// Its data is read only where that takes it.
    var topic: EventTopic {
        type.tellsTopicInData ? EventTopic(of: event) : EventTopic(of: type, subject: subject, JSONObject())
    }
}

/// Whose eyes it is read with: all of them must see an event.
struct HistoryEyes {
    let sights: [EventSight]
    let things: TargetSource

    nonisolated(nonsending) func targets(
        of events: [Event], in database: Database
    ) async throws -> Targets {
        try await things.targets(
            of: events.lazy.map { EventTopic(of: $0).thing }, for: sights.lazy.map(\.rights),
            EventSight(of: .none).askedOfThings, in: database)
    }

    /// Of stored events, those that are for all of them.
    nonisolated(nonsending) func seen(
        _ stored: [StoredEvent], in database: Database
    ) async throws -> (events: [StoredEvent], targets: Targets) {
        let topics = stored.map(\.topic)
        let targets = try await things.targets(
            of: topics.lazy.map(\.thing), for: sights.lazy.map(\.rights), EventSight(of: .none).askedOfThings,
            in: database)
        let seen = zip(stored, topics).filter { event, topic in
            sights.allSatisfy { $0.sees(event.type, topic, targets) }
        }
        return (seen.map(\.0), targets)
    }

    /// Nil: it is not for all of them.
    func view(of event: Event, _ targets: Targets) -> JSONObject? {
        let topic = EventTopic(of: event)
        guard sights.allSatisfy({ $0.sees(event.type, topic, targets) }) else { return nil }
        return sights.reduce(EventView.flat(event)) {
            EventView.drawn($0, of: event, seenBy: $1, targets)
        }
    }
}

extension RuleContent {
    /// Most events are none of the rule's, which two or three of their fields tell.
    func mayConcern(_ stored: StoredEvent) -> Bool {
        guard ignoresMisses, let when else { return true }
        var memory = CrossingMemory()
        return when.evaluate(.object(StoredFields(stored)), remembering: &memory) != .fails
    }

    /// The types of its events, as statements take them.
    var storedTypes: (names: [String], prefixes: [String], hasUses: Bool) {
        let types = EventType.all.filter(takes)
        let own = on.filter(\.takesCustom)
        let prefixes = own.filter { $0.text.hasSuffix(".*") }.map {
            String($0.text.dropLast()).replacing("_", with: "\\_") + "%"
        }
        let names = types.map(\.name) + own.filter { !$0.text.hasSuffix(".*") }.map(\.text)
        return (names, prefixes, types.contains(where: \.isUse))
    }
}

extension RuleContent {
    /// Whether candles alone tell what it takes.
    var isOverCandles: Bool {
        let types = storedTypes
        return types.prefixes.isEmpty && !types.names.isEmpty
            && types.names.allSatisfy { name in EventType.toldOfCandles.contains { $0.name == name } }
    }
}

extension StoredEvent {
    init?(_ row: Row) {
        guard let type = EventType(row.text(4)) else { return nil }
        self.init(
            position: EventPosition(
                era: Int32(row.int(0)), transaction: UInt64(row.text(1)) ?? 0, id: row.id(2)),
            at: row.timestamp(3), type: type, subject: row.optionalText(5),
            actor: row.optionalText(6).flatMap { PrincipalID($0) },
            data: RawMembers(row.withBytes(7) { Array($0) }))
    }
}

/// The fields of `EventView`, each made when it is asked for.
private struct StoredFields: FieldSource {
    private let stored: StoredEvent

    init(_ stored: StoredEvent) { self.stored = stored }

    func field(_ name: String) -> FieldValue {
        switch name {
        case "id": .value(.string(stored.position.id.description))
        case "type": .value(.string(stored.type.name))
        case "at": .value(.string(stored.at.description))
        case "subject": .value(stored.subject.map { .string($0) } ?? .null)
        case "security": .value(.bool(stored.type.isSecurity))
        case "actor_id": .value(stored.actor.map { .string($0.description) } ?? .null)
        default: stored.data.value(name).map { Value.json($0) } ?? .absent
        }
    }

    var fieldNames: [String] {
        EventType.envelopeFields.map(\.name) + stored.data.names
    }
}
