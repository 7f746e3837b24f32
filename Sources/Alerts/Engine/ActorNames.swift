import Access
import Events
import Postgres

/// Who did what alerts tell of, in a person's words: a bot by its name, everybody else by their id, because a
/// reader of alerts need not know people.
enum ActorNames {
    private static let read = Statement(
        "alert_actor_names",
        "select id, name from principal where kind = 'service_account' and id = any ($1::uuid[])")

    /// Only of those firings whose sentences say it.
    nonisolated(nonsending) static func of(
        _ firings: [Firing], in transaction: Transaction
    ) async throws -> [PrincipalID: String] {
        let actors = Set(firings.filter { $0.event.type.isUse }.compactMap(\.event.actor.principal))
        var names = Dictionary(uniqueKeysWithValues: actors.map { ($0, word(for: $0)) })
        let bots = actors.filter { $0.kind == .serviceAccount }
        guard !bots.isEmpty else { return names }
        for row in try await transaction.query(read, .uuidArray(bots.map(\.uuid))) {
            names[PrincipalID(.serviceAccount, row.uuid(0))] = "bot \(row.text(1))"
        }
        return names
    }

    private static func word(for actor: PrincipalID) -> String {
        actor.kind == .user ? "user \(actor)" : "bot \(actor)"
    }
}

extension EventType {
    /// Whether its sentence says who it was.
    var isUse: Bool { self == .keyUsed || self == .keyUseDenied || self == .keyUseUnknown }
}
