package import Access
package import Exchanges
package import Kernel
package import Keys

/// How a key is used for a bot: the signed request is handed back, or Keybell itself sends it.
package enum UseWay: String, CaseIterable, Sendable { case sign, proxy }

/// What a policy is asked about: one request of one caller with one key, as it is understood.
package struct UseFacts: Sendable {
    package var way: UseWay
    package var host: String
    package var method: String
    package var path: String
    package var meaning: RequestMeaning
    package var key: KeyFacts
    package var caller: Actor
    package var at: Timestamp
    /// By the symbols that the orders name; of this key's exchange, environment and host. What is missing is
    /// unknown, and opens nothing. Where an exchange knows several names of one thing, each may stand here.
    package var instruments: [String: Instrument] = [:]
    /// All that is traded there is known.
    package var isListed = false
    /// By symbol, and of currencies by `PolicyPrice.name(of:)`.
    package var prices: [String: PolicyPrice] = [:]
    /// Sources of prices that are there and do not count, by the same names.
    package var withheldPrices: [String: String] = [:]
    /// How far the exchange's clock is from ours is not known well enough: an order could be taken much later
    /// than it was meant.
    package var isClockUncertain = false
    /// It was approved as it stands, and is being carried out.
    package var isApproved = false
    /// What the account holds, by asset, where somebody knows: a spot sale of it is an exit.
    package var holdings: [String: Decimal]?

    package init(
        _ way: UseWay, host: String, method: String, path: String, meaning: RequestMeaning, key: KeyFacts,
        caller: Actor, at time: Timestamp
    ) {
        (self.way, self.host, self.method, self.path) = (way, host, method, path)
        (self.meaning, self.key, self.caller, at) = (meaning, key, caller, time)
    }
}

extension UseFacts {
    /// All that a symbol's instrument is called, so that a list may name it by any.
    func names(of symbol: String) -> [String] {
        guard let instrument = instruments[symbol], !instrument.aliases.isEmpty else { return [symbol] }
        return instrument.names
    }

    /// Every order under the name that its instrument has: a rule about `XBTUSD` must not be passed by
    /// writing `XXBTZUSD`.
    func named() -> UseFacts {
        var facts = self
        for (place, order) in meaning.orders.enumerated() {
            guard let alias = order.symbol, let instrument = instruments[alias], instrument.symbol != alias
            else { continue }
            let name = instrument.symbol
            facts.meaning.orders[place].symbol = name
            facts.instruments[name] = instrument
            facts.prices[name] = prices[name] ?? prices[alias]
            facts.withheldPrices[name] = withheldPrices[name] ?? withheldPrices[alias]
        }
        return facts
    }
}

/// The key of a request, as far as policies look at it.
package struct KeyFacts: Sendable, Equatable {
    package var id: ExchangeKeyID
    package var label: String
    package var exchange: ExchangeName
    package var environment: Environment
    package var account: String
    package var tags: [String]
    /// As declared.
    package var permissions: [KeyPermission]
    /// As the exchange told when it was last asked; empty where it tells nothing.
    package var granted: Set<KeyPermission> = []
    package var status: KeyStatus

    package init(
        id: ExchangeKeyID, label: String, exchange: ExchangeName, environment: Environment, account: String,
        tags: [String], permissions: [KeyPermission], status: KeyStatus
    ) {
        (self.id, self.label, self.exchange, self.environment) = (id, label, exchange, environment)
        (self.account, self.tags, self.permissions) = (account, tags, permissions)
        self.status = status
    }

    package init(_ key: ExchangeKey) {
        self.init(
            id: key.id, label: key.label, exchange: key.exchange, environment: key.environment,
            account: key.account, tags: key.tags, permissions: key.permissions, status: key.status)
    }

    /// As declared, or as the exchange says: whichever is more.
    var mayTrade: Bool {
        granted.union(permissions).contains {
            $0 == .tradeSpot || $0 == .tradeMargin || $0 == .tradeDerivatives
        }
    }
}
