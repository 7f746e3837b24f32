import Access
import Events
import Postgres

/// Which alerts somebody sees: those fired by events that they may read, where they may see or change alerts
/// at all (T23).
struct AlertSight {
    private let rights: Rights
    private let permission: Permission
    private let targets: Targets

    /// Of what these alerts are about.
    nonisolated(nonsending) init(
        _ context: Context, _ permission: Permission, of things: TargetSource, _ ids: [String],
        in source: any Queryable
    ) async throws(PostgresError) {
        (rights, self.permission) = (context.rights, permission)
        targets = try await things.targets(
            of: ids, for: [rights], Self.asked + [permission], in: source)
    }

    /// For a list.
    nonisolated(nonsending) init(
        listing context: Context, of things: TargetSource, in source: any Queryable
    ) async throws(PostgresError) {
        (rights, permission) = (context.rights, .alertsRead)
        let isScoped = rights.isScoped(Self.asked + [permission])
        targets = isScoped ? try await things.inSight(permission, rights, source) : [:]
    }

    /// Of all that may be behind an alert about a key or an account.
    private static let asked = EventSight(of: .none).askedOfThings

    func sees(_ alert: Alert) -> Bool {
        guard let type = EventType(alert.eventType) else { return false }
        return rights.may([permission] + type.permissions(about: alert.thing), to: alert.thing, targets)
    }

    func seesBehind(_ veil: EventVeil, _ thing: String?) -> Bool {
        rights.may([veil.permission], to: thing, targets)
    }
}

// MARK: For statements

extension AlertSight {
    /// Listed types of which all is seen that is about no key and no account.
    var types: [String] { EventType.all.filter(seesInGeneral).map(\.name) }

    /// One's own events.
    var seesCustom: Bool { [permission, .eventsRead].allSatisfy(rights.mayInGeneral) }

    private func seesInGeneral(_ type: EventType) -> Bool {
        [permission, type.permission].allSatisfy(rights.mayInGeneral)
    }

    /// Keys and accounts are as good as anything else for whom no scope binds.
    var isScoped: Bool { rights.isScoped(Self.asked + [permission]) }

    /// What is seen of keys and accounts, by types of events; `custom` for own ones.
    var seen: SeenTargets {
        guard isScoped else { return .none }
        var wanted = ["custom": [permission, .eventsRead]]
        for type in EventType.all where type.isAboutThings || type.isAboutRequests {
            // Under any name of a thing: which it is stands in the row.
            wanted[type.name] = [permission] + type.permissions(about: "")
        }
        return SeenTargets(wanted, rights, targets)
    }
}
