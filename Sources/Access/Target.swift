package import Exchanges

/// What somebody wants to do something to, as far as scopes ask: a key or an account.
package struct Target: Equatable, Sendable {
    package enum Resource: Equatable, Sendable {
        case key(ExchangeKeyID)
        case account(AccountID)
        /// A key or an account that is yet to be made.
        case newKey
        case newAccount
    }

    package let resource: Resource
    package let exchange: ExchangeName
    package let environment: Environment
    /// The account's name, of an account and of a key of it.
    package let account: String
    /// Accounts have neither tags nor an owner.
    package let tags: [String]
    package let owner: PrincipalID?

    package init(
        _ resource: Resource, exchange: ExchangeName, environment: Environment, account: String,
        tags: [String] = [], owner: PrincipalID? = nil
    ) {
        (self.resource, self.exchange, self.environment) = (resource, exchange, environment)
        (self.account, self.tags, self.owner) = (account, tags, owner)
    }

    /// What lets somebody know that it exists.
    package var readPermission: Permission {
        switch resource {
        case .key, .newKey: .keysRead
        case .account, .newAccount: .accountsRead
        }
    }

    /// As `Problem.notFound` names it; nil for what is yet to be made, which nobody looks for.
    package var noun: String? {
        switch resource {
        case .key: "key"
        case .account: "account"
        case .newKey, .newAccount: nil
        }
    }
}
