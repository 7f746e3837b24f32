package import Access
import JSON
import Postgres

/// Whose eyes events are seen with (T23): the one predicate of feed, streams, rules, webhooks and alerts. Of
/// a key or an account it asks what they are now.
package struct EventSight: Sendable {
    package var rights: Rights
    /// Who sees what concerns themselves without further rights; nil: nobody.
    private let reader: PrincipalID?
    /// What the way of looking asks for, beside what an event's type does.
    private let asking: Permission?

    /// Of the feed and its streams.
    package init(reading context: Context) {
        self.init(context.rights, reader: context.actor.principal, asking: .eventsRead)
    }

    /// The eyes of an owner of rules or webhooks.
    package init(of rights: Rights) { self.init(rights, reader: nil, asking: nil) }

    private init(_ rights: Rights, reader: PrincipalID?, asking: Permission?) {
        (self.rights, self.reader, self.asking) = (rights, reader, asking)
    }

    /// All that it takes to read an event of that type, or an alert that such an event fired.
    private func permissions(
        for type: EventType, about thing: String?, in alert: EventType? = nil
    ) -> [Permission] {
        [asking, alert?.permission].compactMap(\.self) + type.permissions(about: thing)
    }

    package func sees(_ type: EventType, _ topic: EventTopic, _ targets: Targets) -> Bool {
        if case .principal(let id) = topic, id == reader, let asking, rights.somewhere.contains(asking) {
            return true
        }
        return rights.may(permissions(for: type, about: topic.thing), to: topic.thing, targets)
    }

    /// An alert shows the event that fired it, so it is for whoever may read that one too.
    private func sees(
        _ alert: EventType, showing type: EventType, _ topic: EventTopic, _ targets: Targets
    ) -> Bool {
        rights.may(permissions(for: type, about: topic.thing, in: alert), to: topic.thing, targets)
    }

    /// An event with its data, by which an alert tells what fired it.
    package func sees(_ event: Event, _ targets: Targets) -> Bool {
        let topic = EventTopic(of: event)
        guard EventVeil.isAlert(event.type), let name = event.data["event"]?["type"]?.asString else {
            return sees(event.type, topic, targets)
        }
        guard let shown = EventType(name) else { return false }
        return sees(event.type, showing: shown, topic, targets)
    }

    /// Whether it is shown all of an event, too.
    package func seesBehind(_ veil: EventVeil, _ topic: EventTopic, _ targets: Targets) -> Bool {
        rights.may([veil.permission], to: topic.thing, targets)
    }

    /// Every permission that is asked of events about keys and accounts, and of alerts that show them.
    package var askedOfThings: [Permission] {
        Array(Self.ofThings.union(asking.map { [$0] } ?? []))
    }

    /// Every permission that reading any event, or alert, may ask for.
    package static let permissions = Set(EventType.all.map(\.permission)).union([.eventsRead, .policiesRead])

    private static let ofThings = Set(EventType.all.filter(\.mayBeAboutThings).map(\.permission)).union(
        [.eventsRead, .keysRead, .policiesRead])
}

// MARK: For statements, which narrow as far as columns tell

extension EventSight {
    /// Whether there can be an event of that type that is seen.
    package func mayEverSee(_ type: EventType) -> Bool {
        isWithinReach(type) || seesOnlyOwn(type)
    }

    var mayEverSeeOwn: Bool { asking.map(rights.somewhere.contains) ?? true }

    /// Of that type, only what concerns the reader.
    func seesOnlyOwn(_ type: EventType) -> Bool {
        reader != nil && type.isAboutPrincipals && mayEverSeeOwn && !isWithinReach(type)
    }

    private func isWithinReach(_ type: EventType) -> Bool {
        permissions(for: type, about: nil).allSatisfy { permission in
            type.mayBeAboutThings
                ? rights.somewhere.contains(permission) : rights.mayInGeneral(permission)
        }
    }

    /// Whether anything is seen that is about no key and no account.
    var seesGeneral: Bool { asking.map(rights.mayInGeneral) ?? true }

    var readerText: String? { reader?.description }

    /// What of keys and accounts may be seen at all; nil when all is.
    nonisolated(nonsending) func targets(
        _ source: TargetSource, in database: any Queryable
    ) async throws(PostgresError) -> Targets? {
        guard let asking, rights.isScoped(askedOfThings) else { return nil }
        return try await source.inSight(asking, rights, database)
    }
}
