package import Exchanges
package import Kernel

/// What a key may be used for, or what keys of an account or of the desk may not: a document, read strictly.
///
/// A key's policy allows what its `operations` name, within every other clause; nothing without one. An
/// account's or the desk's only denies. A clause that is not there says nothing, but for a key's `ways`,
/// which are `proxy` only unless named.
package struct Policy: Sendable, Equatable {
    package var operations: [RequestOperation]?
    package var ways: [UseWay]?
    /// Aliases of hosts, as the exchange's adapter knows them.
    package var hosts: [String]?
    /// Where callers must come from.
    package var cidrs: [CIDR]?
    package var orders: OrderBounds?
    package var withdrawals: WithdrawalBounds?
    package var hours: HourBounds?
    package var limits: [UseLimit] = []
    package var when: PolicyCondition?
    package var deny: [DenyRule] = []
    /// Clauses that only report.
    package var logOnly: [ClauseName] = []
    /// False denies streams that cannot trade, too. Those that can are never allowed to a key that trades.
    package var allowsReadOnlyStreams: Bool?
    /// Answers that carry credentials are let through.
    package var reveals: Bool?

    package init() {}

    /// For a key's: what is allowed, and nothing else yet.
    package init(operations: [RequestOperation]) { self.operations = operations }
}

/// Bounds of a document, so that neither storing nor asking it costs more than this.
package enum PolicyLimits {
    package static let documentBytes = 65_536
    static let list = 200
    static let cidrs = 200
    static let destinations = 200
    static let windows = 50
    static let denyRules = 32
}

/// What orders may be.
package struct OrderBounds: Sendable, Equatable {
    package var symbols: [SymbolPattern]?
    package var sides: [OrderIntent.Side]?
    package var types: [OrderIntent.Kind]?
    package var timeInForce: [OrderIntent.TimeInForce]?
    package var marginModes: [String]?
    package var instruments: [OrderIntent.Instrument]?
    // These three are about sizes, and bind opening orders unless the scope is all.
    package var maxLeverage: Decimal?
    package var maxNotional: Notional?
    package var maxPriceDistancePercent: Decimal?
    package var scope = ClauseScope.opening

    package init() {}
}

/// A symbol, or one with a star at its beginning or end: `BTCUSDT`, `BTC-*`, `*-USDT`. Case counts.
package struct SymbolPattern: Sendable, Hashable {
    package let text: String

    /// - Parameter text: 1 to 64 visible ASCII characters, a star at one end only; not a star alone.
    package init?(_ text: String) {
        let stars = text.utf8.count { $0 == UInt8(ascii: "*") }
        let isAtEnd = text.hasPrefix("*") || text.hasSuffix("*")
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            stars == 0 || (stars == 1 && isAtEnd && text.utf8.count > 1)
        else { return nil }
        self.text = text
    }

    /// Nil for a symbol that would be read as a pattern, or not at all.
    init?(exactly symbol: String) {
        guard !symbol.utf8.contains(UInt8(ascii: "*")) else { return nil }
        self.init(symbol)
    }

    package func matches(_ symbol: String) -> Bool {
        let (bytes, pattern) = (symbol.utf8, text.utf8)
        if text.hasPrefix("*") { return bytes.reversed().starts(with: pattern.dropFirst().reversed()) }
        if text.hasSuffix("*") { return bytes.starts(with: pattern.dropLast()) }
        return bytes.elementsEqual(pattern)
    }
}

/// Where withdrawals may go.
package struct WithdrawalBounds: Sendable, Equatable {
    package var destinations: [Destination]

    package struct Destination: Sendable, Hashable {
        package var asset: String
        package var network: String?
        package var address: String
        package var tag: String?
    }

    package init(_ destinations: [Destination]) { self.destinations = destinations }
}

/// Any that is true denies; so does one that cannot be evaluated.
package struct DenyRule: Sendable, Equatable {
    package let name: String
    package let when: PolicyCondition

    package init(_ name: String, _ when: PolicyCondition) { (self.name, self.when) = (name, when) }
}
