package import Access
import Exchanges
import Kernel
package import Postgres

/// What keys and accounts are, as far as scopes ask. Their rooms stand above this one, so their rows are
/// looked at, and nothing else of them.
package enum ScopeTargets {
    private static let key = Statement(
        "scope_key", "select exchange, environment, account, tags, owner from exchange_key where id = $1")
    private static let account = Statement(
        "scope_account", "select exchange, environment, name from account where id = $1")

    package nonisolated(nonsending) static func find(
        _ id: ExchangeKeyID, in source: any Queryable
    ) async throws -> Target? {
        guard let row = try await source.query(key, .id(id)).first,
            let place = Scope.Place(row.text(0), row.text(1), row.text(2))
        else { return nil }
        return Target(
            .key(id), exchange: place.exchange, environment: place.environment, account: place.account,
            tags: row.textArray(3), owner: PrincipalID(row.text(4)))
    }

    package nonisolated(nonsending) static func find(
        _ id: AccountID, in source: any Queryable
    ) async throws -> Target? {
        guard let row = try await source.query(account, .id(id)).first,
            let place = Scope.Place(row.text(0), row.text(1), row.text(2))
        else { return nil }
        return Target(
            .account(id), exchange: place.exchange, environment: place.environment, account: place.account)
    }

    /// The scope as it is stored, an account with its place, and what the key is that it names. Nil: there is
    /// no such thing.
    nonisolated(nonsending) static func resolve(
        _ scope: Scope, in source: any Queryable
    ) async throws -> (scope: Scope, target: Target?)? {
        switch scope {
        case .everything, .selector: return (scope, nil)
        case .key(let id): return try await find(id, in: source).map { (scope, $0) }
        case .account(let id, _):
            return try await find(id, in: source).map { target in
                let place = Scope.Place(
                    exchange: target.exchange, environment: target.environment, account: target.account)
                return (.account(id, place), target)
            }
        }
    }
}

extension Scope.Place {
    fileprivate init?(_ exchange: String, _ environment: String, _ account: String) {
        guard let exchange = ExchangeName(rawValue: exchange),
            let environment = Environment(rawValue: environment)
        else { return nil }
        self.init(exchange: exchange, environment: environment, account: account)
    }
}
