package import Exchanges

/// Of what a grant is: everything, what a selector describes, or one thing.
package enum Scope: Hashable, Sendable {
    case everything
    case selector(Selector)
    case key(ExchangeKeyID)
    /// One account and its keys, those that come later too: its place never changes. Without a place, as a
    /// client writes it, it is of nothing yet.
    case account(AccountID, Place?)

    /// All conditions hold together; there is at least one.
    package struct Selector: Hashable, Sendable {
        package static let tagLimit = 20

        package var exchange: ExchangeName?
        package var environment: Environment?
        /// The account's name.
        package var account: String?
        /// All of them; in order, without repeats.
        package var tags: [String] = []
        package var owner: PrincipalID?

        package init(
            exchange: ExchangeName? = nil, environment: Environment? = nil, account: String? = nil,
            tags: [String] = [], owner: PrincipalID? = nil
        ) {
            (self.exchange, self.environment, self.account) = (exchange, environment, account)
            (self.tags, self.owner) = (Set(tags).sorted(), owner)
        }
    }

    /// What an account is known by.
    package struct Place: Hashable, Sendable {
        package let exchange: ExchangeName
        package let environment: Environment
        package let account: String

        package init(exchange: ExchangeName, environment: Environment, account: String) {
            (self.exchange, self.environment, self.account) = (exchange, environment, account)
        }
    }
}

// MARK: Matching

extension Scope {
    package func matches(_ target: Target) -> Bool {
        switch self {
        case .everything: true
        case .selector(let selector): selector.matches(target)
        case .key(let id): target.resource == .key(id)
        case .account(_, let place): place.map { Selector($0).matches(target) } ?? false
        }
    }

    /// Whether all that the other is of, now and later, is in this one too. Of one key that takes knowing
    /// what it is: `target`.
    package func covers(_ other: Scope, _ target: Target?) -> Bool {
        if self == .everything || self == other { return true }
        if case .key = other { return target.map(matches) ?? false }
        guard let mine = selector, let theirs = other.selector else { return false }
        return mine.covers(theirs)
    }

    /// Whether anything may be in both. Where only the future can tell, it may.
    package func overlaps(_ other: Scope, _ target: Target?) -> Bool {
        if case .key(let id) = other {
            if case .key(let mine) = self { return mine == id }
            return target.map(matches) ?? true
        }
        guard let mine = selector, let theirs = other.selector else { return true }
        return mine.overlaps(theirs)
    }

    /// As a selector, where it is one in effect.
    private var selector: Selector? {
        switch self {
        case .everything: Selector()
        case .selector(let selector): selector
        case .account(_, let place): place.map(Selector.init)
        case .key: nil
        }
    }
}

extension Scope.Selector {
    package init(_ place: Scope.Place) {
        self.init(exchange: place.exchange, environment: place.environment, account: place.account)
    }

    package func matches(_ target: Target) -> Bool {
        (exchange ?? target.exchange) == target.exchange
            && (environment ?? target.environment) == target.environment
            && (account == nil || account == target.account) && (owner == nil || owner == target.owner)
            && tags.allSatisfy { target.tags.contains($0) }
    }

    fileprivate func covers(_ other: Self) -> Bool {
        (exchange == nil || exchange == other.exchange)
            && (environment == nil || environment == other.environment)
            && (account == nil || account == other.account) && (owner == nil || owner == other.owner)
            && tags.allSatisfy { other.tags.contains($0) }
    }

    /// One thing has many tags, but one of everything else.
    fileprivate func overlaps(_ other: Self) -> Bool {
        func agree<Value: Equatable>(_ mine: Value?, _ theirs: Value?) -> Bool {
            mine == nil || theirs == nil || mine == theirs
        }
        return agree(exchange, other.exchange) && agree(environment, other.environment)
            && agree(account, other.account) && agree(owner, other.owner)
    }
}
