import Events
import Keys
import Access
import HTTPServer
import Kernel

/// Whose policy a request is about.
enum PolicyPlace: Sendable, Equatable {
    case key(ExchangeKeyID)
    case account(AccountID)
    case desk

    /// As rows name it.
    var owner: String {
        switch self {
        case .key(let id): id.description
        case .account(let id): id.description
        case .desk: PolicyStore.desk
        }
    }

    var kind: PolicyOwner {
        switch self {
        case .key: .key
        case .account: .account
        case .desk: .desk
        }
    }
}

/// The three places as endpoints name them.
struct PolicyRoute {
    let path: String
    /// In the names of operations: `getKeyPolicy`.
    let noun: String
    /// The desk's policies are for whoever may read, or write, all of them.
    var isScoped = true
    let place: @Sendable (Request) throws(Problem) -> PolicyPlace

    static let all = [
        PolicyRoute(path: "/v1/keys/{key_id}/policy", noun: "Key") { request throws(Problem) in
            .key(try request.keyID())
        },
        PolicyRoute(path: "/v1/accounts/{account_id}/policy", noun: "Account") { request throws(Problem) in
            guard let id = AccountID(request.pathParameter("account_id")) else { throw .notFound("account") }
            return .account(id)
        },
        PolicyRoute(path: "/v1/desk/policy", noun: "Desk", isScoped: false) { _ throws(Problem) in .desk },
    ]
}

extension PolicyRoute {
    var reading: Requirement { isScoped ? .scoped(.policiesRead) : .permission(.policiesRead) }
    var writing: Requirement { isScoped ? .scoped(.policiesWrite) : .permission(.policiesWrite) }
}

extension PolicyBook {
    /// Whoever may not even know of the key or the account is told that there is none.
    nonisolated(nonsending) func require(
        _ permission: Permission, at place: PolicyPlace, _ context: Context
    ) async throws {
        // The handler finds out itself whether there is one.
        if place == .desk || context.may(permission) { return }
        guard let target = try await KeyTargets.source.find([place.owner], ledger.database)[place.owner]
        else {
            throw Problem.notFound(place.kind.rawValue)
        }
        try context.require(permission, on: target)
    }
}
