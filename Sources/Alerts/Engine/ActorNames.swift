import Access
import Events
import JSON
import Kernel
import Postgres

/// Who did what alerts tell of, in a person's words. Of uses a bot by its name, everybody else by their id,
/// because their readers need not know people; whoever reads of log-ins may, and has the name.
enum ActorNames {
    private static let read = Statement(
        "alert_actor_names", "select id, name from principal where id = any ($1::uuid[])")

    /// Puts them where sentences say them.
    nonisolated(nonsending) static func fill(
        _ firings: inout [Firing], in transaction: Transaction
    ) async throws {
        let named = Set(firings.compactMap(\.named))
        let asked = named.filter { $0.isShown }
        var names: [UUID: String] = [:]
        if !asked.isEmpty {
            let rows = try await transaction.query(read, .uuidArray(asked.map(\.principal.uuid)))
            for row in rows { names[row.uuid(0)] = row.text(1) }
        }
        for index in firings.indices {
            guard let named = firings[index].named else { continue }
            let name = named.isShown ? names[named.principal.uuid] : nil
            firings[index].actor = word(for: named.principal, name)
        }
    }

    private static func word(for actor: PrincipalID, _ name: String?) -> String {
        "\(actor.kind == .user ? "user" : "bot") \(name ?? actor.description)"
    }
}

/// Whom a sentence names.
private struct Named: Hashable {
    let principal: PrincipalID
    /// By the name; else by the id.
    let isShown: Bool
}

extension Firing {
    fileprivate var named: Named? {
        if event.type.isUse {
            return event.actor.principal.map { Named(principal: $0, isShown: $0.kind == .serviceAccount) }
        }
        guard event.type.isLogIn else { return nil }
        let user = event.data["user_id"]?.asString.flatMap { PrincipalID($0) }
        return user.map { Named(principal: $0, isShown: true) }
    }
}

extension EventType {
    /// Whether its sentence says who it was.
    var isUse: Bool { self == .keyUsed || self == .keyUseDenied || self == .keyUseUnknown }

    /// The same of the user that it is about.
    fileprivate var isLogIn: Bool {
        self == .loginSucceeded || self == .loginFailed || self == .loginLocked
    }
}
