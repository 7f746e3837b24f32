package import Kernel

/// A price for policy, of a series that nobody who is bound by it can write.
package struct PolicyPrice: Sendable, Equatable {
    /// Older ones are as good as none.
    package static let validFor: Period = .minutes(5)

    package let value: Decimal
    package let at: Timestamp
    /// Name of the series, for reasons.
    package let source: String

    package init(_ value: Decimal, at time: Timestamp, source: String) {
        (self.value, at, self.source) = (value, time, source)
    }

    /// Under which name the price of a currency stands: `EURUSD`. Instruments' own prices, in their quote
    /// currency, stand under the symbols that orders name.
    package static func name(of currency: String) -> String { currency + "USD" }

    /// Currencies that count as dollars.
    static func isDollar(_ currency: String) -> Bool {
        switch currency {
        case "USD", "USDT", "USDC", "FDUSD": true
        default: false
        }
    }

    /// Neither too old nor from the future, which no honest clock writes.
    func isFresh(at now: Timestamp) -> Bool {
        value > .zero && now - at <= Self.validFor && at - now <= Self.validFor
    }
}
