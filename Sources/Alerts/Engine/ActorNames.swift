import Access
import Events
import JSON
import Kernel
import Postgres

/// Who did what alerts tell of, in a person's words. A bot by its name, people by their id, because readers
/// need not know people; by their name where whoever reads of such events may know them. What a request is
/// about by its label: whoever reads of it may know the key.
enum ActorNames {
    private static let read = Statement(
        "alert_actor_names", "select id, name from principal where id = any ($1::uuid[])")
    private static let readLabels = Statement(
        "alert_key_labels", "select id, label from exchange_key where id = any ($1::uuid[])")

    /// Puts them where sentences say them.
    nonisolated(nonsending) static func fill(
        _ firings: inout [Firing], in transaction: Transaction
    ) async throws {
        let shown = Set(firings.compactMap(\.named)).filter(\.isShown).map(\.principal)
        let names = try await names(of: shown, in: transaction)
        let keys = Set(firings.compactMap(\.keyAskedFor)).map(\.uuid)
        let labels = keys.isEmpty ? [:] : try await texts(readLabels, keys, in: transaction)
        for index in firings.indices {
            if let key = firings[index].keyAskedFor {
                firings[index].thing = "key \(labels[key.uuid] ?? key.description)"
            }
            guard let named = firings[index].named else { continue }
            let name = named.isShown ? names[named.principal.uuid] : nil
            firings[index].actor = word(for: named.principal, name)
        }
    }

    /// By their ids; who is gone has none.
    nonisolated(nonsending) static func names(
        of principals: [PrincipalID], in transaction: Transaction
    ) async throws -> [UUID: String] {
        principals.isEmpty ? [:] : try await texts(read, principals.map(\.uuid), in: transaction)
    }

    private nonisolated(nonsending) static func texts(
        _ statement: Statement, _ ids: [UUID], in transaction: Transaction
    ) async throws -> [UUID: String] {
        var texts: [UUID: String] = [:]
        for row in try await transaction.query(statement, .uuidArray(ids)) {
            texts[row.uuid(0)] = row.text(1)
        }
        return texts
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
        guard event.type.namesSomebody else { return nil }
        let field = event.type.fieldOfPerson
        let id = field.map { event.data[$0]?.asString.flatMap { PrincipalID($0) } } ?? event.actor.principal
        return id.map {
            Named(
                principal: $0, isShown: $0.kind == .serviceAccount || event.type.permission == .usersRead)
        }
    }

    fileprivate var keyAskedFor: ExchangeKeyID? {
        guard event.type.isAboutRequests else { return nil }
        return event.data["key_id"]?.asString.flatMap { ExchangeKeyID($0) }
    }
}

extension EventType {
    /// Whether its sentence says who did it, or whom it happened to.
    fileprivate var namesSomebody: Bool { isUse || isSecurity }

    var isUse: Bool { self == .keyUsed || self == .keyUseDenied || self == .keyUseUnknown }

    /// Where its data says whom its sentence names; nil: whoever did it.
    fileprivate var fieldOfPerson: String? {
        switch self {
        case .approvalRuleChanged, .approvalSoloModeChanged: return nil
        case .approvalApproved, .approvalRejected: return "approver_id"
        default: return Self.fieldsOfPeople[String(name.prefix { $0 != "." })]
        }
    }

    private static let fieldsOfPeople = [
        "login": "user_id", "session": "user_id", "password": "user_id", "factor": "user_id",
        "recovery_code": "user_id", "access_token": "principal_id", "grant": "principal_id",
        "group": "principal_id", "quiet_hours": "principal_id", "approval": "requester_id",
    ]
}
