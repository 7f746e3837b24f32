package import Access
package import Kernel

/// A price for policy, of a source that nobody who is bound by it can write.
package struct PolicyPrice: Sendable, Equatable {
    /// Older ones are as good as none.
    package static let validFor: Period = .minutes(5)

    package let value: Decimal
    package let at: Timestamp
    /// Name of the source, for reasons. What is pulled has no other.
    package let source: String
    /// Of a series that somebody pushes.
    package let pushed: PriceSourceID?
    /// Name of the source in whose place it stands, of what is pushed: while that is suspended, nothing does.
    var instead: String?

    package init(_ value: Decimal, at time: Timestamp, source: String, pushed: PriceSourceID? = nil) {
        (self.value, at, self.source, self.pushed) = (value, time, source, pushed)
    }

    /// Under which name the price of a currency stands: `EURUSD`. Instruments' own prices, in their quote
    /// currency, stand under the symbols that orders name.
    package static func name(of currency: String) -> String { currency + "USD" }

    /// Currencies that count as dollars.
    package static let dollars = ["USD", "USDT", "USDC", "FDUSD"]

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

    /// In whole seconds.
    func age(at now: Timestamp) -> Int { max(0, Int((now - at).microseconds / 1_000_000)) }

    /// For reasons: `50000 (binance live spot BTCUSDT, 2 s old)`.
    func told(at now: Timestamp) -> String { "\(value) (\(Judge.shown(source)), \(age(at: now)) s old)" }
}
